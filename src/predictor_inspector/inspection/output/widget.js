// The front end of PredictorWidget: inputs for parameters at the left, pictures at the right.
// One question is under way at most; what the hand does meanwhile is asked once it is answered, the newest alone.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function asker(model) {
  let waiting = false;
  const send = () => {
    waiting = false;
    model.set("asked", model.get("asked") + 1);
    model.save_changes();
  };
  model.on("change:answered", () => waiting && send());
  return () => {
    if (model.get("asked") === model.get("answered")) send();
    else waiting = true;
  };
}

const STEPS = 400;

function position(control, value) {
  const { low, high, logarithmic } = control;
  if (logarithmic && value <= 0) return 0;
  const share = logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(STEPS * Math.min(1, Math.max(0, share)));
}

function valueAt(control, step) {
  const { low, high, logarithmic, whole } = control;
  const share = step / STEPS;
  const value = logarithmic ? low * Math.pow(high / low, share) : low + (high - low) * share;
  return whole ? Math.round(value) : Number(value.toPrecision(3));
}

function numberInput(control, value, change) {
  const box = element("span", "pi-number");
  const number = element("input");
  number.type = "number";
  number.step = "any";
  number.value = value ?? valueAt(control, STEPS / 2);
  let slider = null;
  if (control.slides) {
    slider = element("input");
    Object.assign(slider, { type: "range", min: 0, max: STEPS, step: 1, value: position(control, Number(number.value)) });
    slider.setAttribute("aria-label", control.title);
    slider.addEventListener("input", () => {
      number.value = valueAt(control, Number(slider.value));
      change(Number(number.value));
    });
    box.append(slider);
  }
  number.addEventListener("change", () => {
    if (slider) slider.value = position(control, Number(number.value));
    change(number.value === "" ? null : Number(number.value));
  });
  box.append(number);
  if (control.unit) box.append(element("span", "pi-unit", control.unit));
  if (!control.optional) return box;
  const used = element("input");
  Object.assign(used, { type: "checkbox", checked: value !== null });
  const enable = () => box.querySelectorAll("input").forEach((input) => input !== used && (input.disabled = !used.checked));
  used.addEventListener("change", () => {
    enable();
    change(used.checked ? Number(number.value) : null);
  });
  box.prepend(used);
  enable();
  return box;
}

function inputFor(control, value, change) {
  if (control.kind === "number") return numberInput(control, value, change);
  const input = element(control.kind === "choice" ? "select" : "input");
  if (control.kind === "choice") {
    control.options.forEach((option) => input.append(new Option(option, option)));
    input.value = value;
  } else if (control.kind === "flag") {
    Object.assign(input, { type: "checkbox", checked: value });
  } else {
    Object.assign(input, { type: "text", value: value ?? "null" });
  }
  input.addEventListener("change", () => change(control.kind === "flag" ? input.checked : input.value));
  return input;
}

function row(title, doc, input) {
  const label = element("label", "pi-row");
  label.title = doc;
  label.append(element("span", "pi-name", title), input);
  return label;
}

function form(model, ask) {
  const box = element("div", "pi-form");
  const more = element("details");
  more.append(element("summary", "", "Advanced"));
  for (const control of model.get("controls")) {
    const change = (value) => {
      model.set("values", { ...model.get("values"), [control.name]: value });
      ask();
    };
    const line = row(control.title, control.doc, inputFor(control, model.get("values")[control.name], change));
    line.dataset.name = control.name;
    (control.advanced ? more : box).append(line);
  }
  if (more.children.length > 1) box.append(more);
  return box;
}

function viewControls(model, ask) {
  const box = element("div", "pi-view");
  const channels = element("select");
  channels.setAttribute("aria-label", "channel");
  const look = (change) => {
    model.set("view", { ...model.get("view"), ...change });
    ask();
  };
  channels.addEventListener("change", () => look({ channel: Number(channels.value) }));
  box.append(row("channel", "Which channel is shown", channels));
  const { planes, axis } = model.get("choices");
  if (planes > 1) {
    const plane = element("input");
    Object.assign(plane, { type: "range", min: 0, max: planes - 1, value: model.get("view").plane });
    plane.addEventListener("input", () => look({ plane: Number(plane.value) }));
    box.append(row(axis, "Which plane is shown", plane));
  }
  const name = () => {
    const names = model.get("choices").channels ?? [];
    channels.replaceChildren(...names.map((text, index) => new Option(text, index)));
    channels.value = Math.min(model.get("view").channel, names.length - 1);
  };
  model.on("change:choices", name);
  name();
  return box;
}

function pictures(model) {
  const box = element("div", "pi-pictures");
  const draw = () =>
    box.replaceChildren(
      ...model.get("pictures").map(({ caption, source, aspect }) => {
        const figure = element("figure");
        const image = element("img");
        image.src = source;
        image.alt = caption;
        image.style.aspectRatio = aspect;
        figure.append(element("figcaption", "", caption), image);
        return figure;
      }),
    );
  model.on("change:pictures", draw);
  draw();
  return box;
}

function line(model, name, className) {
  const box = element("p", className);
  const tell = () => (box.textContent = model.get(name));
  model.on(`change:${name}`, tell);
  tell();
  return box;
}

function render({ model, el }) {
  const ask = asker(model);
  const left = element("div", "pi-left");
  const right = element("div", "pi-right");
  left.append(form(model, ask), viewControls(model, ask));
  right.append(pictures(model), line(model, "told", "pi-told"), line(model, "problem", "pi-problem"));
  const whole = element("div", "pi-widget");
  whole.append(left, right);
  el.append(whole);
}

export default { render };
