// A continuous zoom through nested windows: the wider window is enlarged until the next one fills the frame, which
// fades in meanwhile. By the slider, by the keys + and -, by pinching, and by the wheel while the picture has the focus.

const SIDE = 480; // pixels at most
const PER_WHEEL = 400; // units of a wheel in which a window doubles
const KEYS = { "+": 1, "=": 1, "-": -1, "_": -1 };

function drawZoom(plot, chart, state, controls) {
  const canvas = element("canvas"), line = element("p", { className: "readout", "aria-live": "polite" });
  plot.append(canvas);
  plot.after(line);
  plot.tabIndex = 0;
  const images = new Map(); // by address
  const windows = chart.spec.conditions.flatMap((condition) => condition.windows);
  windows.forEach(({ image }) => images.set(image, element("img", { src: image })));

  function draw() {
    const condition = chart.spec.conditions[state.value("condition")], { windows } = condition;
    const octave = Math.min(state.value("octave"), windows.at(-1).octave);
    const { edges, wide, deep, share } = frameAt(windows, octave);
    const side = Math.min(SIDE, plot.clientWidth), dots = devicePixelRatio || 1;
    canvas.width = canvas.height = Math.round(side * dots);
    canvas.style.height = canvas.style.width = `${side}px`;
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    paintWindow(pen, images.get(wide.image), wide.edges, edges, 1);
    paintWindow(pen, images.get(deep.image), deep.edges, edges, share);
    const digits = Math.ceil(2 + octave * Math.log10(2));
    const [left, right, low, high] = edges.map((edge) => edge.toFixed(digits));
    const enlarged = Number(octave < 10 ? (2 ** octave).toPrecision(3) : (2 ** octave).toFixed(0)).toLocaleString("en");
    line.textContent =
      `×${enlarged}: across, ${condition.across}, from ${left} to ${right}; ` +
      `upwards, ${condition.up}, from ${low} to ${high}.`;
  }

  state.listen(draw);
  new ResizeObserver(draw).observe(plot);
  listenToZooming(plot, controls, state);
  return Promise.all([...images.values()].map((image) => image.decode())).then(draw);
}

// The frame that is seen at an octave, between the windows at either side of it; `share` is the deeper one's opacity.
function frameAt(windows, octave) {
  const next = windows.findIndex((window) => window.octave > octave);
  if (next < 0) return { edges: windows.at(-1).edges, wide: windows.at(-1), deep: windows.at(-1), share: 1 };
  const wide = windows[Math.max(next - 1, 0)], deep = windows[next], octaves = deep.octave - wide.octave;
  const narrowed = (1 - 2 ** (wide.octave - octave)) / (1 - 2 ** -octaves); // evenly in the logarithm of the width
  const edges = wide.edges.map((edge, i) => edge + narrowed * (deep.edges[i] - edge));
  return { edges, wide, deep, share: (octave - wide.octave) / octaves };
}

// Paint a window's picture where it lies in the frame.
function paintWindow(pen, image, [left, right, low, high], [a, b, c, d], opacity) {
  if (!image.complete || !opacity) return;
  const side = pen.canvas.width, across = side / (b - a), up = side / (d - c);
  pen.globalAlpha = opacity;
  pen.drawImage(image, (left - a) * across, (d - high) * up, (right - left) * across, (high - low) * up);
  pen.globalAlpha = 1;
}

// Keys, wheel and two fingers change the octave; a change that is less than one place of the slider is kept for later.
function listenToZooming(plot, controls, state) {
  const { values } = state.controls.get("octave"), perOctave = (values.length - 1) / values.at(-1);
  let rest = 0;
  const zoom = (octaves) => {
    rest += octaves * perOctave;
    const places = Math.trunc(rest);
    rest -= places;
    state.set("octave", Math.max(0, Math.min(values.length - 1, state.place("octave") + places)));
  };
  for (const part of [plot, controls])
    part.addEventListener("keydown", (event) => {
      if (!(event.key in KEYS) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      zoom(KEYS[event.key] / 4);
    });
  plot.addEventListener("wheel", (event) => {
    if (document.activeElement !== plot && !event.ctrlKey) return; // else the page scrolls
    event.preventDefault();
    zoom(-event.deltaY / PER_WHEEL);
  }, { passive: false });
  const fingers = new Map(); // places of pointers by their ids
  const spread = () => {
    const [first, second] = [...fingers.values()];
    return Math.hypot(first.x - second.x, first.y - second.y);
  };
  plot.addEventListener("pointerdown", (event) => fingers.set(event.pointerId, { x: event.clientX, y: event.clientY }));
  plot.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.size === 2 && spread();
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (before) zoom(Math.log2(spread() / before));
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"])
    plot.addEventListener(end, (event) => fingers.delete(event.pointerId));
}
