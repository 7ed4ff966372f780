// Walks: gradient descent with momentum on quadratics, computed and drawn in the page. A step is that of
// gdlab/optimizers/momentum.py, on C(w) = Σ λᵢ (wᵢ - cᵢ)² / 2:
//
//     v ← β v - η ∇C(w),   w ← w + v,   (∇C)ᵢ = λᵢ (wᵢ - cᵢ),   v = 0 at first
//
// Along an axis of curvature λ the distance from the minimum follows z² - (1 + β - ηλ) z + β = 0: it stays bounded
// exactly for η ≤ 2(1 + β)/λ (Polyak 1964, section 2), and crosses 0 where the roots are complex or negative.

const LANDSCAPE_HEIGHT = 250, COST_HEIGHT = 150, GAP = 46, LEFT = 48, RIGHT = 14, TOP = 22; // pixels
const LEVELS = 9; // contours
const LARGEST = 6, SMALLEST = -12; // powers of ten of the cost at the start: the ends of the axis of costs at most

// The points and costs of a walk: its start and `steps` steps.
function walk({ curvatures, center, start }, rate, momentum, steps) {
  const w = [...start], velocity = start.map(() => 0);
  const path = [[...w]], costs = [quadratic(curvatures, center, w)];
  for (let step = 0; step < steps; step++) {
    w.forEach((value, i) => {
      const gradient = (value - center[i]) * curvatures[i];
      velocity[i] = velocity[i] * momentum - gradient * rate;
      w[i] = value + velocity[i];
    });
    path.push([...w]);
    costs.push(quadratic(curvatures, center, w));
  }
  return { path, costs };
}

function quadratic(curvatures, center, w) {
  return w.reduce((sum, value, i) => sum + 0.5 * curvatures[i] * (value - center[i]) ** 2, 0);
}

// What a rate does, in words: that of the steepest axis, which is the first to be unstable.
function behaviour(curvatures, rate, momentum) {
  const steepest = Math.max(...curvatures), limit = (2 * (1 + momentum)) / steepest;
  if (Math.abs(rate / limit - 1) < 1e-9) return { limit, verb: "oscillates for ever" };
  if (rate > limit) return { limit, verb: "diverges" };
  const crosses = curvatures.some((curvature) => {
    const sum = 1 + momentum - rate * curvature; // of the two roots
    return sum < 0 || sum ** 2 < 4 * momentum;
  });
  return { limit, verb: crosses ? "oscillates and converges" : "converges without crossing the minimum" };
}

// A number in three digits.
const three = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "beyond all numbers");

function drawWalks(plot, chart, state) {
  const canvas = element("canvas"), line = element("p", { className: "readout", "aria-live": "polite" });
  plot.append(canvas);
  plot.after(line);
  const draw = () => {
    const problem = state.value("landscape"), steps = state.value("steps");
    const rate = state.value("rate"), momentum = state.value("momentum");
    const walked = walk(problem, rate, momentum, steps);
    const { limit, verb } = behaviour(problem.curvatures, rate, momentum);
    line.textContent =
      `η = ${rate}, β = ${momentum}: descent ${verb}. After ${steps} steps the cost is ` +
      `${three(walked.costs.at(-1))}, from ${three(walked.costs[0])}. ` +
      `The limit 2(1 + β)/λ is ${three(limit)}, with λ = ${three(Math.max(...problem.curvatures))}.`;
    paint(canvas, plot.clientWidth, problem, walked, chart.spec.steps);
  };
  state.listen(draw);
  new ResizeObserver(draw).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

// The landscape with the walk on it, and the costs of the walk below.
function paint(canvas, width, problem, walked, mostSteps) {
  const height = TOP + LANDSCAPE_HEIGHT + GAP + COST_HEIGHT + GAP, dots = devicePixelRatio || 1;
  canvas.width = width * dots;
  canvas.height = height * dots;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(dots, dots);
  pen.font = "12px system-ui, sans-serif";
  const style = getComputedStyle(canvas);
  const names = ["ink", "faint", "line", "link"];
  const colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)]));
  const right = width - RIGHT, is1d = problem.center.length === 1;
  const shown = { left: LEFT, right, top: TOP, bottom: TOP + LANDSCAPE_HEIGHT };
  (is1d ? paintCurve : paintContours)(pen, shown, problem, walked, colors);
  const below = { left: LEFT, right, top: shown.bottom + GAP + TOP, bottom: height - GAP };
  paintCosts(pen, below, walked.costs, mostSteps, colors);
}

// A function from values to pixels.
const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

function paintCurve(pen, area, problem, { path, costs }, colors) {
  const [[low, high]] = problem.box, highest = quadratic(problem.curvatures, problem.center, [high]);
  const x = scale(low, high, area.left, area.right), y = scale(0, highest, area.bottom, area.top);
  frame(pen, area, colors, { title: "C(w)", label: "w", ticks: [low, problem.center[0], high].map((w) => [x(w), w]) });
  const across = Array.from({ length: 101 }, (_, i) => low + ((high - low) * i) / 100);
  inside(pen, area, () => {
    trace(pen, across.map((w) => [x(w), y(quadratic(problem.curvatures, problem.center, [w]))]), colors.faint, 1.2);
    paintPath(pen, path.map(([w], i) => [x(w), y(costs[i])]), colors);
  });
}

function paintContours(pen, area, problem, { path, costs }, colors) {
  const [[left, right], [low, high]] = problem.box;
  const across = area.right - area.left, up = area.bottom - area.top;
  const size = Math.min(across / (right - left), up / (high - low)); // of a unit, in pixels
  const wide = across / 2 / size, half = up / 2 / size;
  const x = scale(-wide, wide, area.left, area.right), y = scale(-half, half, area.bottom, area.top);
  const ticks = [left, 0, right].map((w) => [x(w), w]);
  frame(pen, area, colors, { title: "w₂ upwards, w₁ to the right; each ellipse has one cost", label: "w₁", ticks });
  inside(pen, area, () => {
    for (let level = 1; level <= LEVELS; level++) {
      const cost = 1.3 * costs[0] * (level / LEVELS) ** 2;
      const radii = problem.curvatures.map((curvature) => Math.sqrt((2 * cost) / curvature) * size);
      pen.beginPath();
      pen.ellipse(x(problem.center[0]), y(problem.center[1]), radii[0], radii[1], 0, 0, 2 * Math.PI);
      pen.strokeStyle = colors.line;
      pen.stroke();
    }
    paintPath(pen, path.map(([a, b]) => [x(a), y(b)]), colors);
  });
}

function paintCosts(pen, area, costs, mostSteps, colors) {
  const powers = costs.map((cost) => Math.max(SMALLEST - 1, Math.min(LARGEST + 1, Math.log10(cost / costs[0]))));
  const low = Math.max(SMALLEST, Math.floor(Math.min(...powers, -1)));
  const high = Math.min(LARGEST, Math.ceil(Math.max(...powers, 0)));
  const x = scale(0, mostSteps, area.left, area.right), y = scale(low, high, area.bottom, area.top);
  const ticks = [0, mostSteps / 2, mostSteps].map((step) => [x(step), step]);
  frame(pen, area, colors, { title: "cost, over that of the start", label: "step", ticks });
  pen.textAlign = "right";
  for (const power of new Set([low, 0, high])) {
    pen.fillText(power === 0 ? "1" : `1e${power}`, area.left - 6, y(power) + 4);
    trace(pen, [[area.left, y(power)], [area.right, y(power)]], colors.line, 1);
  }
  inside(pen, area, () => trace(pen, powers.map((power, step) => [x(step), y(power)]), colors.link, 2));
}

// The path from the start, a dot for each step; pixels far outside are as good as nearer ones.
function paintPath(pen, pixels, colors) {
  const near = pixels.map((pair) => pair.map((value) => Math.max(-1e5, Math.min(1e5, value))));
  trace(pen, near, colors.link, 1.5);
  near.forEach(([x, y], i) => {
    pen.beginPath();
    pen.arc(x, y, i ? 2.5 : 5, 0, 2 * Math.PI);
    pen.fillStyle = i ? colors.link : colors.ink;
    pen.fill();
  });
}

function frame(pen, area, colors, { title, label, ticks }) {
  pen.fillStyle = colors.ink;
  pen.textAlign = "left";
  pen.fillText(title, area.left, area.top - 8);
  pen.textAlign = "right";
  pen.fillText(label, area.right, area.bottom + 32);
  pen.fillStyle = colors.faint;
  pen.textAlign = "center";
  ticks.forEach(([x, value]) => pen.fillText(String(value), x, area.bottom + 16));
  trace(pen, [[area.left, area.bottom], [area.right, area.bottom]], colors.faint, 1);
}

function trace(pen, pixels, color, width) {
  pen.beginPath();
  pixels.forEach(([x, y]) => pen.lineTo(x, y));
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.stroke();
}

// Draw nothing outside an area.
function inside(pen, area, draw) {
  pen.save();
  pen.beginPath();
  pen.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
  pen.clip();
  draw();
  pen.restore();
}

window.gdlab = { walk, behaviour }; // for those who want to check the numbers
