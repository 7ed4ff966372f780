// Charts of the page: builds each chart's controls, draws it when it comes near the screen, and keeps the controls, the
// drawing and the sentences below in step. A chart is a <figure class="chart"> with its description as JSON:
// {kind, spec, controls, gestures, readouts}, see analysis/items.py. `kind` names one of DRAWERS.

const NEAR = "800px"; // of the screen: charts are drawn before they are seen
const PLOT_MARGIN = 62; // pixels beside a plot: labels of the y axis at the left, half a label at the right

const DRAWERS = { "vega-lite": drawVegaLite, walks: drawWalks, zoom: drawZoom };

// An element with properties; attributes with a dash are set as such.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// A chart's state: the place of the value of each parameter, and those who want to know of changes.
function createState(chart) {
  const controls = new Map(chart.controls.map((control) => [control.parameter, control]));
  const places = new Map(chart.controls.map((control) => [control.parameter, control.start]));
  const listeners = [];
  return {
    controls,
    place: (parameter) => places.get(parameter),
    value: (parameter) => controls.get(parameter).values[places.get(parameter)],
    set(parameter, place) {
      if (places.get(parameter) === place) return;
      places.set(parameter, place);
      listeners.forEach((listener) => listener(parameter));
    },
    listen: (listener) => listeners.push(listener),
  };
}

// A native control, with its label, for a parameter of the state.
function createControl(control, state) {
  const isList = control.kind === "select";
  const options = control.texts.map((text, place) => element("option", { value: place, textContent: text }));
  const input = isList
    ? element("select", {}, ...options)
    : element("input", { type: "range", min: 0, max: control.values.length - 1, step: 1 });
  const shown = element("span", { className: "value" });
  const update = () => {
    const place = state.place(control.parameter);
    input.value = place;
    if (isList) return;
    shown.textContent = control.texts[place];
    input.setAttribute("aria-valuetext", control.texts[place]);
  };
  input.dataset.parameter = control.parameter;
  input.addEventListener("input", () => state.set(control.parameter, Number(input.value)));
  state.listen((parameter) => parameter === control.parameter && update());
  update();
  const name = element("span", {}, control.label, ...(isList ? [] : [" ", shown]));
  return element("label", {}, name, input);
}

// A paragraph that says in words what a chart shows, and links to the run that it is about.
function createReadout(readout, state, address) {
  const line = element("p", { className: "readout", "aria-live": "polite" });
  const update = () => {
    const key = readout.parameters.map(state.place).join("|");
    line.textContent = readout.texts[key] ?? "";
    const run = readout.runs[key];
    if (run) line.append(" ", element("a", { href: address.replace("{run}", run), textContent: "Its page in MLflow" }));
  };
  state.listen((parameter) => readout.parameters.includes(parameter) && update());
  update();
  return line;
}

// Vega-Lite: the specification with the page's width, redrawn when that changes.
function drawVegaLite(plot, chart, state) {
  let view, width;
  const draw = async () => {
    if (plot.clientWidth === width || !plot.clientWidth) return;
    width = plot.clientWidth;
    const fitted = JSON.stringify(chart.spec).replaceAll('"width":"container"', `"width":${width - PLOT_MARGIN}`);
    const spec = JSON.parse(fitted);
    for (const param of spec.params) if (state.controls.has(param.name)) param.value = state.value(param.name);
    const options = { mode: "vega-lite", renderer: "svg", actions: false, tooltip: false, padding: { bottom: 6 } };
    const shown = await window.vegaEmbed(plot, spec, options);
    view?.finalize();
    view = shown.view;
    chart.gestures.forEach((gesture) => listenTo(gesture, view, state));
    await view.runAsync();
    plot.querySelector("svg").setAttribute("aria-hidden", "true"); // the plot itself is an image with a label
  };
  state.listen((parameter) => view?.signal(parameter, state.value(parameter)).runAsync());
  new ResizeObserver(draw).observe(plot);
  return draw();
}

// A selection by pointer sets the state: a point one parameter, an interval two.
function listenTo(gesture, view, state) {
  const [first, last] = gesture.parameters;
  const { values } = state.controls.get(first);
  view.addSignalListener(gesture.selection, (_, selected) => {
    const found = selected[gesture.field];
    if (!found) return;
    if (last === undefined) return state.set(first, values.indexOf(found[0]));
    const [low, high] = found, places = [...values.keys()];
    const inside = places.filter((place) => low <= values[place] && values[place] <= high);
    if (!inside.length) return;
    state.set(first, inside[0]);
    state.set(last, inside.at(-1));
  });
}

// Build a chart's controls and sentences now, and its drawing when it comes near.
function build(figure) {
  const chart = JSON.parse(figure.querySelector("script").textContent);
  const state = createState(chart);
  const plot = element("div", { className: "plot" });
  const controls = element("div", { className: "controls" });
  controls.append(...chart.controls.map((control) => createControl(control, state)));
  const readouts = chart.readouts.map((readout) => createReadout(readout, state, figure.dataset.run));
  figure.querySelector("figcaption").before(controls, plot, ...readouts);
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", chart.alternative);
  const draw = async () => {
    await DRAWERS[chart.kind](plot, chart, state, controls);
    plot.dataset.drawn = chart.kind;
  };
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      draw();
    },
    { rootMargin: NEAR },
  );
  watcher.observe(figure);
}

// On a narrow screen wide figures scroll sideways: let the keys reach them, and their captions say so.
const wideness = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const isWide = target.scrollWidth > target.clientWidth;
    target.closest("figure").classList.toggle("swiped", isWide);
    if (isWide) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

document.querySelectorAll("figure.chart").forEach(build);
document.querySelectorAll("figure picture").forEach((picture) => wideness.observe(picture));
