"""File and folder dialogs that begin where napari last opened something, and one about axes."""

from __future__ import annotations

from collections.abc import Callable

from napari.utils.history import get_open_history, update_open_history
from qtpy.QtWidgets import QApplication, QFileDialog, QInputDialog, QMenu, QWidget

from predictor_inspector.data.opening import metadata_names, readable_suffixes


def ask_for_folder(parent: QWidget) -> str:
    """The zarr folder that a person chooses; empty if none."""
    path = QFileDialog.getExistingDirectory(parent, "Open zarr folder", get_open_history()[0])
    return _remembered(path)


def ask_for_file(parent: QWidget) -> str:
    """The file that a person chooses; empty if none. A metadata file stands for the zarr folder that it lies in."""
    names = " ".join([*(f"*{suffix}" for suffix in readable_suffixes()), *metadata_names()])
    filters = f"Volumes ({names});;All files (*)"
    path, _ = QFileDialog.getOpenFileName(parent, "Open file", get_open_history()[0], filters)
    return _remembered(path)


def ask_for_list(parent: QWidget) -> str:
    """The list of a data set's crops that a person chooses; empty if none."""
    filters = "Lists of crops (*.csv *.yaml *.yml);;All files (*)"
    path, _ = QFileDialog.getOpenFileName(parent, "Open data set", get_open_history()[0], filters)
    return _remembered(path)


def ask_for_model(parent: QWidget) -> str:
    """The file of a trained model that a person chooses; empty if none."""
    path, _ = QFileDialog.getOpenFileName(parent, "Choose a model", get_open_history()[0], "All files (*)")
    return _remembered(path)


def ask_for_axes(name: str) -> str:
    """The order of an array's axes that a person types; empty if none."""
    about = (
        f"The axes of {name}, in the order in which they are stored, a letter for each:\n"
        "z, y, x, t for time, c for channels"
    )
    order, is_given = QInputDialog.getText(QApplication.activeWindow(), "Axes", about, text="zyx")
    return order.strip() if is_given else ""


def open_menu(parent: QWidget, open_path: Callable[[str], object]) -> QMenu:
    """A menu that offers folders and files, and opens what is chosen."""
    menu = QMenu(parent)
    for title, ask in (("Zarr folder…", ask_for_folder), ("File…", ask_for_file)):

        def choose(_checked: bool = False, ask: Callable[[QWidget], str] = ask) -> None:
            path = ask(parent)
            if path:
                open_path(path)

        menu.addAction(title, choose)
    return menu


def _remembered(path: str) -> str:
    if path:
        update_open_history(path)
    return path
