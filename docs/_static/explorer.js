/* The interactive page: controls, two plots and a line of numbers, drawn from equations.js alone. */
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const CHOICES = [
    { name: "loss", label: "loss", values: ["square", "huber", "absolute", "logistic", "hinge"] },
    { name: "norm", label: "attack norm", values: ["2", "inf"], shown: { 2: "ℓ₂", inf: "ℓ∞" } },
    { name: "activation", label: "activation", values: Object.keys(activations) },
  ];
  /* name, label, range, initial value; logarithmic sliders move the logarithm, below their range where 0 is allowed. */
  const SLIDERS = [
    { name: "psi1", label: "N/d", low: 0.1, high: 60, value: 3, log: true },
    { name: "psi2", label: "n/d", low: 0.2, high: 20, value: 2, log: true },
    { name: "eps", label: "ε (training)", low: 0.02, high: 2, value: 0.3, log: true },
    { name: "eps_test", label: "ε (test)", low: 0, high: 2, value: 0.3 },
    { name: "tau", label: "τ (noise)", low: 0, high: 1.5, value: 0.5 },
    { name: "ridge", label: "ridge", low: 1e-4, high: 10, value: 0, log: true, zero: true },
    { name: "delta", label: "δ (Huber)", low: 0.05, high: 5, value: 1, log: true },
  ];
  const POINTS = 160;
  const RED = "#D55E00", BLUE = "#0072B2"; // colour-blind-safe pair
  const WIDTH = 430, HEIGHT = 300, LEFT = 46, RIGHT = 10, TOP = 24, BOTTOM = 42;

  const element = (parent, tag, attributes = {}, text = "") => {
    const node = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.textContent = text;
    parent.append(node);
    return node;
  };
  const short = (x) => String(Number(x.toPrecision(3)));
  const ticks = (low, high) => {
    const raw = (high - low) / 5, power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
    const list = [];
    for (let t = Math.ceil(low / step) * step; t <= high * (1 + 1e-9); t += step) list.push(Number(t.toPrecision(12)));
    return list;
  };
  const logTicks = (low, high) => [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]
    .filter((t) => t >= low * 0.999 && t <= high * 1.001);

  /* Draw curves over a logarithmic axis, a dotted level, a dashed vertical line, the stretch of x where labels are
   * separable and the marked points. A curve has a gap where there is no number and where it jumps. */
  function plot(svg, { title, xlabel, x, curves, jumps, level, vertical, separable, marks }) {
    svg.replaceChildren();
    // Beyond 4 (1 + tau^2) a curve is on its way to the peak at N = n, or to one at large test radius: cut it there.
    const largest = Math.max(...curves.flatMap((curve) => curve.y).filter((y) => y < Infinity), level);
    const top = Math.min(largest * 1.06, 4 * level);
    const low = Math.log(x[0]), high = Math.log(x[x.length - 1]);
    const px = (v) => LEFT + (Math.log(v) - low) / (high - low) * (WIDTH - LEFT - RIGHT);
    const py = (v) => HEIGHT - BOTTOM - v / top * (HEIGHT - TOP - BOTTOM);
    const clip = `clip-${svg.id}`;
    const frame = { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };
    element(element(svg, "clipPath", { id: clip }), "rect", frame);
    for (const t of ticks(0, top)) {
      element(svg, "line", { x1: LEFT, x2: WIDTH - RIGHT, y1: py(t), y2: py(t), class: "grid" });
      element(svg, "text", { x: LEFT - 6, y: py(t) + 4, "text-anchor": "end" }, short(t));
    }
    for (const t of logTicks(x[0], x[x.length - 1])) {
      element(svg, "line", { x1: px(t), x2: px(t), y1: TOP, y2: HEIGHT - BOTTOM, class: "grid" });
      element(svg, "text", { x: px(t), y: HEIGHT - BOTTOM + 15, "text-anchor": "middle" }, short(t));
    }
    element(svg, "rect", { ...frame, class: "frame" });
    element(svg, "text", { x: LEFT, y: 15 }, title);
    element(svg, "text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, xlabel);
    const inside = element(svg, "g", { "clip-path": `url(#${clip})` });
    element(inside, "line", { x1: LEFT, x2: WIDTH - RIGHT, y1: py(level), y2: py(level), class: "level" });
    if (vertical > x[0] && vertical < x[x.length - 1]) {
      element(inside, "line", { x1: px(vertical), x2: px(vertical), y1: TOP, y2: HEIGHT - BOTTOM, class: "vertical" });
    }
    if (separable.length) {
      const [from, to] = [px(separable[0]), px(separable[separable.length - 1])], middle = (from + to) / 2;
      element(inside, "rect", { ...frame, x: from, width: to - from, class: "separable" });
      const text = { x: middle, y: HEIGHT - BOTTOM - 10, "text-anchor": "middle" };
      if (to - from > 100) element(inside, "text", text, "separable labels");
    }
    for (const { y, colour } of curves) {
      const path = y.map((value, i) => value < Infinity
        ? `${y[i - 1] < Infinity && !jumps[i] ? "L" : "M"}${px(x[i]).toFixed(2)},${py(Math.min(value, 9 * top)).toFixed(2)}` : "");
      element(inside, "path", { d: path.join(""), stroke: colour, class: "curve" });
    }
    for (const { at, y, colour } of marks.filter((mark) => mark.y < Infinity)) {
      element(inside, "circle", { cx: px(at), cy: py(y), r: 4.5, fill: colour, class: "mark" });
    }
  }

  const grid = (low, high, count) =>
    Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));

  /* A row of the controls: its input, and what it shows. */
  function addRow(parent, name, label, control) {
    const row = document.createElement("label");
    row.innerHTML = `<span>${label}</span>${control}<output></output>`;
    parent.append(row);
    return { row, input: row.querySelector(`#${name}`), output: row.querySelector("output") };
  }

  function addSlider(parent, saved, { name, label, low, high, value, log, zero }) {
    const place = (v) => log ? (v === 0 ? Math.log(low) - 1 : Math.log(v)) : v;
    const range = `min="${zero ? place(0) : place(low)}" max="${place(high)}" step="any"`;
    const added = addRow(parent, name, label, `<input type="range" id="${name}" ${range}>`), { input, output } = added;
    const wanted = saved.has(name) ? Number(saved.get(name)) : NaN;
    input.value = place((wanted >= low && wanted <= high) || (zero && wanted === 0) ? wanted : value);
    const read = () => {
      const at = Number(input.value);
      return log ? (zero && at < Math.log(low) ? 0 : Math.exp(at)) : at;
    };
    return { ...added, read, show: () => { output.textContent = short(read()); }, text: () => short(read()) };
  }

  function addChoice(parent, saved, { name, label, values, shown = {} }) {
    const options = values.map((value) => `<option value="${value}">${shown[value] ?? value}</option>`).join("");
    const added = addRow(parent, name, label, `<select id="${name}">${options}</select>`);
    if (values.includes(saved.get(name))) added.input.value = saved.get(name);
    const text = () => added.input.value;
    return { ...added, read: () => name === "norm" ? (text() === "inf" ? Infinity : 2) : text(), show: () => {}, text };
  }

  const MESSAGES = {
    separable: "no finite network is best: without ridge the labels are separated ever better by larger ones",
    unsolved: "no solution was found here",
  };

  function mount(root) {
    root.innerHTML = `<div class="choices"></div><div class="sliders"></div><div class="plots">
      <svg id="by-width" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Risks against N/d"></svg>
      <svg id="by-radius" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Risks against the training radius"></svg>
      </div><p class="legend"></p><p class="readout" aria-live="polite"></p><p class="note"></p>`;
    const part = (name) => root.querySelector(`.${name}`), saved = new URLSearchParams(location.hash.slice(1));
    const controls = Object.fromEntries([
      ...SLIDERS.map((spec) => [spec.name, addSlider(part("sliders"), saved, spec)]),
      ...CHOICES.map((spec) => [spec.name, addChoice(part("choices"), saved, spec)]),
    ]);
    const update = () => {
      const problem = {}, began = performance.now();
      for (const [name, { read, show }] of Object.entries(controls)) {
        problem[name] = read();
        show();
      }
      controls.delta.row.hidden = problem.loss !== "huber";
      const model = rfrobust.solve(problem), limit = rfrobust.nullThreshold(problem), { labels } = model;
      const level = labels ? 0.5 : 1 + problem.tau ** 2, what = labels ? "error rate" : "risk";
      const attacked = (at) => rfrobust.adversarialRisk(at, problem.eps_test);
      for (const [id, name, title, xlabel, vertical] of [
        ["by-width", "psi1", `${what} against width`, "N/d", labels ? NaN : problem.psi2],
        ["by-radius", "eps", `${what} against training radius`, "ε (training)", limit],
      ]) {
        const { low, high } = SLIDERS.find((slider) => slider.name === name), x = grid(low, high, POINTS);
        const models = rfrobust.curve(problem, name, x), at = problem[name];
        plot(root.querySelector(`#${id}`), {
          title, xlabel, x, level, vertical, separable: x.filter((_, i) => models[i].phase === "separable"),
          // the zero network guesses labels: however small, any other one does not
          jumps: models.map(({ r }, i) => labels && i > 0 && (r === 0) !== (models[i - 1].r === 0)),
          curves: [{ y: models.map(attacked), colour: RED }, { y: models.map(({ risk }) => risk), colour: BLUE }],
          marks: [{ at, y: attacked(model), colour: RED }, { at, y: model.risk, colour: BLUE }],
        });
      }
      part("legend").innerHTML = `<b style="color:${RED}">${labels ? "error under attack" : "adversarial risk"}</b> at
        the test radius, <b style="color:${BLUE}">${labels ? "standard error" : "standard risk"}</b>; dotted:
        ${labels ? "a coin flip" : "predicting zero, 1 + τ²"}; dashed: ${labels ? "" : "N = n (left), "}null threshold (right)`;
      const numbers = {
        [labels ? "error under attack" : "adversarial risk"]: attacked(model),
        [labels ? "standard error" : "standard risk"]: model.risk, "gradient norm": model.r,
        ...(labels ? { "training loss": model.loss } : { "zero training residuals": model.zeros }), "null threshold": limit,
      };
      const listed = Object.entries(numbers).filter(([, value]) => value < Infinity)
        .map(([name, value]) => `${name} ${value.toFixed(6)}`).join(", ");
      const known = model.risk < Infinity;
      part("readout").textContent = [listed, known ? `${model.phase} phase` : MESSAGES[model.phase] ?? model.phase]
        .filter(Boolean).join("; ");
      const { formula, mu1, mu2, rho } = activations[problem.activation];
      part("note").textContent = `σ(u) = ${formula}: μ₁ = ${short(mu1)}, μ₂ = ${short(mu2)}, ρ = ${short(rho)}. ` +
        `Two curves of ${POINTS} models each were solved and drawn in ${(performance.now() - began).toFixed(0)} ms.`;
    };
    for (const { input } of Object.values(controls)) input.addEventListener("input", update);
    // The address follows the controls once they rest, so that a setting can be shared.
    root.addEventListener("change", () => {
      const state = Object.entries(controls).map(([name, { text }]) => `${name}=${text()}`).join("&");
      history.replaceState(null, "", `#${state}`);
    });
    update();
  }

  const root = document.getElementById("risk-explorer");
  if (root) mount(root);
})();
