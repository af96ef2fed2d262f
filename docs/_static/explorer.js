/* The interactive page: five sliders, two plots and a line of numbers, drawn from equations.js alone. */
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  /* name, label, range, initial value; logarithmic sliders move the logarithm. */
  const SLIDERS = [
    { name: "psi1", label: "N/d", low: 0.1, high: 60, value: 3, log: true },
    { name: "psi2", label: "n/d", low: 0.2, high: 20, value: 2, log: true },
    { name: "eps", label: "ε (training)", low: 0.02, high: 2, value: 0.3, log: true },
    { name: "eps_test", label: "ε (test)", low: 0, high: 2, value: 0.3 },
    { name: "tau", label: "τ (noise)", low: 0, high: 1.5, value: 0.5 },
  ];
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

  /* Draw curves over a logarithmic axis, a dotted level, a dashed vertical line and the marked points. */
  function plot(svg, { title, xlabel, x, curves, level, vertical, marks }) {
    svg.replaceChildren();
    // Beyond 4 (1 + tau^2) a curve is on its way to the peak at N = n, or to one at large test radius: cut it there.
    const largest = Math.max(...curves.flatMap((curve) => curve.y), level);
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
    for (const { y, colour } of curves) {
      const path = y.map((value, i) => `${i ? "L" : "M"}${px(x[i]).toFixed(2)},${py(Math.min(value, 9 * top)).toFixed(2)}`);
      element(inside, "path", { d: path.join(""), stroke: colour, class: "curve" });
    }
    for (const { at, y, colour } of marks) {
      element(inside, "circle", { cx: px(at), cy: py(y), r: 4.5, fill: colour, class: "mark" });
    }
  }

  const grid = (low, high, count) =>
    Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));

  function mount(root) {
    root.innerHTML = `<div class="sliders"></div><div class="plots">
      <svg id="by-width" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Risks against N/d"></svg>
      <svg id="by-radius" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Risks against the training radius"></svg>
      </div><p class="legend"><b style="color:${RED}">adversarial risk</b> at the test radius,
      <b style="color:${BLUE}">standard risk</b>; dotted: predicting zero, 1 + τ²; dashed: N = n (left),
      null threshold (right)</p><p class="readout" aria-live="polite"></p>`;
    const inputs = {};
    const saved = new URLSearchParams(location.hash.slice(1));
    for (const { name, label, low, high, value, log } of SLIDERS) {
      const row = document.createElement("label");
      const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
      row.innerHTML = `<span>${label}</span><input type="range" id="${name}" min="${from}" max="${to}" step="any"><output></output>`;
      root.querySelector(".sliders").append(row);
      const input = row.querySelector("input");
      const wanted = saved.has(name) ? Number(saved.get(name)) : NaN;
      const start = wanted >= low && wanted <= high ? wanted : value;
      input.value = log ? Math.log(start) : start;
      inputs[name] = { input, output: row.querySelector("output"), read: () => log ? Math.exp(input.value) : Number(input.value) };
    }
    const update = () => {
      const value = {};
      for (const { name } of SLIDERS) {
        value[name] = inputs[name].read();
        inputs[name].output.textContent = short(value[name]);
      }
      const at = (changes) => {
        const model = rfrobust.solve({ ...value, ...changes });
        return { AR: rfrobust.adversarialRisk(model, value.eps_test), SR: model.v };
      };
      const level = 1 + value.tau ** 2, here = at({});
      for (const [id, name, title, xlabel, vertical] of [
        ["by-width", "psi1", "risk against width", "N/d", value.psi2],
        ["by-radius", "eps", "risk against training radius", "ε (training)", rfrobust.nullThreshold(value)],
      ]) {
        const { low, high } = SLIDERS.find((slider) => slider.name === name);
        const x = grid(low, high, 160), points = x.map((v) => at({ [name]: v }));
        plot(root.querySelector(`#${id}`), {
          title, xlabel, x, level, vertical,
          curves: [{ y: points.map((p) => p.AR), colour: RED }, { y: points.map((p) => p.SR), colour: BLUE }],
          marks: [{ at: value[name], y: here.AR, colour: RED }, { at: value[name], y: here.SR, colour: BLUE }],
        });
      }
      const model = rfrobust.solve(value), readout = root.querySelector(".readout");
      readout.textContent = `adversarial risk ${here.AR.toFixed(6)}, standard risk ${model.v.toFixed(6)}, ` +
        `gradient norm ${model.r.toFixed(6)}, zero training residuals ${model.p0.toFixed(6)}, ` +
        `null threshold ${rfrobust.nullThreshold(value).toFixed(6)}; ${model.phase} phase`;
    };
    for (const { input } of Object.values(inputs)) input.addEventListener("input", update);
    // The address follows the sliders once they rest, so that a setting can be shared.
    root.addEventListener("change", () => {
      const state = SLIDERS.map(({ name }) => `${name}=${short(inputs[name].read())}`).join("&");
      history.replaceState(null, "", `#${state}`);
    });
    update();
  }

  const root = document.getElementById("risk-explorer");
  if (root) mount(root);
})();
