// Plots made with Chart.js: what they share, the curve, error by layer, size. change.js has the fourth.

const charts = {};

/** Shaded 95 % bands, drawn beneath the lines: dataset.band is a list of {x, low, high}. */
const bands = {
  id: "bands",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales: { x, y } } = chart;
    if (!area) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    for (const { band, borderColor, bandAlpha } of chart.data.datasets) {
      if (!band || band.length < 2) continue;
      ctx.globalAlpha = bandAlpha;
      ctx.fillStyle = borderColor;
      ctx.beginPath();
      for (const point of band) ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.high));
      for (const point of [...band].reverse()) ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.low));
      ctx.fill();
    }
    ctx.restore();
  },
};

/** A vertical line at the slider's width, with a ring around the point on it: chart.marked = {x, y}. */
const cursor = {
  id: "cursor",
  afterDatasetsDraw({ ctx, chartArea: area, scales, marked }) {
    if (!marked || !area) return;
    const x = scales.x.getPixelForValue(marked.x);
    ctx.save();
    ctx.strokeStyle = ink("accent");
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(x, area.top);
    ctx.lineTo(x, area.bottom);
    ctx.stroke();
    const y = known(marked.y) ? scales.y.getPixelForValue(marked.y) : -1;
    if (y >= area.top && y <= area.bottom) {
      ctx.beginPath();
      ctx.arc(x, y, 7, 0, 2 * Math.PI);
      ctx.lineWidth = 2;
      ctx.stroke();
    }
    ctx.restore();
  },
};

function axis(title, more = {}) {
  return {
    title: { display: title !== "", text: title, color: ink("quiet"), font: { size: 12 } },
    grid: { color: ink("line"), borderColor: ink("line"), drawTicks: false },
    ...more,
    ticks: { color: ink("quiet"), padding: 8, font: { size: 12 }, maxRotation: 0, ...more.ticks },
  };
}

/** Bits on a logarithmic axis with a tick at each width that was tested. */
function bitsAxis(widths, title) {
  const ends = widths.map(Math.log2);
  const same = ends[0] === ends[ends.length - 1];
  return axis(title, {
    type: "linear", min: ends[0] - (same ? 1 : 0), max: ends[ends.length - 1] + (same ? 1 : 0),
    afterBuildTicks(scale) { scale.ticks = ends.map(value => ({ value })); },
    ticks: { autoSkip: false, callback: value => Math.round(2 ** value) },
  });
}

function tooltip(title, label) {
  return {
    backgroundColor: ink("ink"), titleColor: ink("paper"), bodyColor: ink("paper"), padding: 10, boxPadding: 6,
    usePointStyle: true, titleFont: { weight: "600" }, callbacks: { title, label },
  };
}

function draw(id, config) {
  charts[id]?.destroy();
  config.options = {
    responsive: true, maintainAspectRatio: false, animation: false, ...config.options,
  };
  config.options.plugins = { legend: { display: false }, ...config.options.plugins };
  charts[id] = new Chart(byId(id), config);
}

const scaled = (value, model) => known(value) ? (model.regression ? value : 100 * value) : null;

function floatLine(model, widths) {
  const { value, low, high } = model.float;
  const ends = [Math.log2(widths[0]), Math.log2(widths[widths.length - 1])];
  return {
    label: "float", data: ends.map(x => ({ x, y: scaled(value, model) })), borderColor: ink("faint"), borderWidth: 1.5,
    borderDash: [3, 3], pointRadius: 0, pointHitRadius: 0, bandAlpha: 0.12,
    band: known(low) && known(high) ? ends.map(x => ({ x, low: scaled(low, model), high: scaled(high, model) })) : null,
  };
}

function curveLine(series, model, focused, near) {
  const { colour, dash, marker, rotation } = styleOf(series);
  const shown = series.cells.filter(cell => known(cell.value));
  return {
    label: series.label, series, borderColor: colour, backgroundColor: focused ? colour : ink("paper"),
    borderDash: dash, pointStyle: marker, pointRotation: rotation, pointHoverRadius: 6, pointHitRadius: 10,
    clip: { left: 8, top: 8, right: 8, bottom: near ? 0 : 8 },
    ...(focused ? { borderWidth: 2.75, pointRadius: 4.5, order: 0, bandAlpha: 0.2 }
      : { borderWidth: 1.5, pointRadius: 3.5, order: 1, bandAlpha: 0.05 }),
    data: shown.map(cell => ({ x: Math.log2(cell.bits), y: scaled(cell.value, model), cell })),
    band: shown.filter(cell => known(cell.low) && known(cell.high)).map(cell => (
      { x: Math.log2(cell.bits), low: scaled(cell.low, model), high: scaled(cell.high, model) })),
  };
}

/** The y axis: all points, or the neighbourhood of the float value; logarithmic for errors. */
function curveAxis(state, model, lines) {
  const float = scaled(model.float.value, model), near = state.zoom === "near" && known(float);
  const values = [...lines.flatMap(line => line.data.map(point => point.y)), ...(known(float) ? [float] : [])];
  const lowest = Math.min(...values), highest = Math.max(...values);
  if (!model.regression || lowest <= 0) {
    const limits = near ? { min: Math.max(0, float - 5), max: Math.min(100, highest + 0.8) } : {}; // points
    return axis(innerWidth < 560 || model.regression ? "" : "accuracy (%)",
      { type: "linear", grace: "3%", ...limits, ticks: { maxTicksLimit: 8, includeBounds: !near } });
  }
  return axis(innerWidth < 560 ? "" : "mean squared error", {
    type: "logarithmic", min: near ? float * 0.8 : lowest * 0.85, max: near ? float * 2 : highest * 1.15,
    afterBuildTicks(scale) { scale.ticks = roundValues(scale.min, scale.max).map(value => ({ value })); },
    ticks: { autoSkip: false, callback: value => significant(value, 3) },
  });
}

/** 1, 2, 5 times the powers of ten between two positive ends; fewer steps where the range is wide. */
function roundValues(low, high) {
  const decades = Math.log10(high / low);
  const steps = decades > 4 ? [1] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const values = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power) {
    values.push(...steps.map(step => Number(`${step}e${power}`)).filter(value => value >= low && value <= high));
  }
  return values;
}

function drawCurve(state) {
  const model = models[state.model], widths = state.widths;
  const lines = seriesOf(model).map(series => curveLine(series, model, series === state.series, state.zoom === "near"));
  draw("curve", {
    type: "line", plugins: [bands, cursor],
    data: { datasets: [...lines, ...(known(model.float.value) ? [floatLine(model, widths)] : [])] },
    options: {
      layout: { padding: { right: 14, top: 6 } },
      interaction: { mode: "nearest", intersect: true },
      onClick: (_, hits) => {
        const line = charts.curve.data.datasets[hits[0]?.datasetIndex];
        const cell = line?.data[hits[0].index].cell;
        if (cell) choose({ series: line.series, bits: cell.bits });
      },
      scales: {
        x: bitsAxis(widths, ""), // the slider beneath says what it is
        y: curveAxis(state, model, lines),
      },
      plugins: {
        tooltip: tooltip(hits => hits[0]?.dataset.label ?? "", hit => hit.raw.cell ? cellLines(hit.raw.cell, model)
          : ` ${valueText(model.float.value, model.regression)}`),
      },
    },
  });
}

function cellLines(cell, model) {
  const lines = [` ${bitsText(cell.bits)}: ${valueText(cell.value, model.regression)}`];
  if (known(cell.low)) {
    lines.push(`95 %: ${valueText(cell.low, model.regression)} to ${valueText(cell.high, model.regression)}`);
  }
  if (cell.vs_float.verdict) {
    lines.push(`${changeText(cell.vs_float.delta, model.regression)}, ${changeName(cell.vs_float.verdict)}`);
  }
  return lines;
}

/** The end of a long name: what tells layers apart stands there. */
const shortened = name => name.length > 24 ? `…${name.slice(-23)}` : name;

function drawLayers(state) {
  const any = seriesOf(models[state.model]).some(series => series.cells.some(cell => cell.layers.length > 0));
  byId("layers-section").hidden = !any;
  if (!any) return;
  const layers = state.cell?.layers ?? [];
  byId("layers-plot").style.height = `${Math.max(180, 34 * layers.length + 80)}px`;
  const accent = ink("accent");
  draw("layers", {
    type: "bar",
    data: {
      labels: layers.map(layer => layer.name),
      datasets: [
        { label: "own", data: layers.map(layer => layer.sqnr_db), backgroundColor: accent },
        { label: "accumulated", data: layers.map(layer => layer.sqnr_accumulated_db), backgroundColor: ink("fill"),
          borderColor: ink("quiet"), borderWidth: 1 },
      ].map(set => ({ ...set, barPercentage: 0.85, categoryPercentage: 0.75, maxBarThickness: 14 })),
    },
    options: {
      indexAxis: "y",
      scales: {
        x: axis("dB"),
        y: axis("", { grid: { display: false }, ticks: { autoSkip: false, callback: index => shortened(layers[index].name) } }),
      },
      plugins: {
        legend: { display: true, align: "start", labels: { color: ink("quiet"), boxWidth: 14, boxHeight: 10 } },
        tooltip: tooltip(hits => hits[0]?.label ?? "", hit => ` ${hit.dataset.label}: ${significant(hit.raw, 3)} dB`),
      },
    },
  });
}

function drawSize(state) {
  const model = models[state.model];
  const points = name => (state.series?.cells ?? []).filter(cell => known(cell.size[name]))
    .map(cell => ({ x: Math.log2(cell.bits), y: cell.size[name] }));
  const sets = [
    { label: "in the file", data: points("bytes_file"), borderColor: ink("accent"), pointStyle: "circle" },
    { label: "ideal", data: points("bytes_ideal"), borderColor: ink("quiet"), borderDash: [5, 3], pointStyle: "rect" },
  ].filter(set => set.data.length > 0);
  byId("size-section").hidden = sets.length === 0;
  if (sets.length === 0) return;
  if (known(model.bytes_f32)) {
    const ends = [state.widths[0], state.widths[state.widths.length - 1]];
    sets.push({
      label: "float", borderColor: ink("faint"), borderDash: [3, 3], pointRadius: 0, pointStyle: "line",
      data: ends.map(bits => ({ x: Math.log2(bits), y: model.bytes_f32 })),
    });
  }
  draw("size", {
    type: "line", plugins: [cursor],
    data: {
      datasets: sets.map(set => ({ clip: 8, pointRadius: 3.5, borderWidth: 2, backgroundColor: ink("paper"), ...set })),
    },
    options: {
      layout: { padding: { right: 14 } },
      scales: { x: bitsAxis(state.widths, "bits per weight"),
        y: axis("", { beginAtZero: true, ticks: { callback: value => bytesText(value), maxTicksLimit: 7 } }) },
      plugins: {
        legend: { display: true, align: "start", labels: { color: ink("quiet"), usePointStyle: true, boxHeight: 7 } },
        tooltip: tooltip(hits => hits[0]?.dataset.label ?? "", hit => ` ${bytesText(hit.raw.y)}`),
      },
    },
  });
}

/** Moves the cursor of curve and size to the slider's width, and the slider under the axis of the curve. */
function moveCursors(state) {
  const x = Math.log2(state.bits), model = models[state.model];
  charts.curve.marked = { x, y: state.cell ? scaled(state.cell.value, model) : null };
  charts.curve.draw();
  if (charts.size) {
    charts.size.marked = { x, y: state.cell?.size.bytes_file ?? null };
    charts.size.draw();
  }
  alignSlider();
}

const thumbWidth = 22;
function alignSlider() {
  const area = charts.curve?.chartArea;
  if (!area) return;
  const slider = byId("slider");
  slider.style.marginLeft = `${area.left - thumbWidth / 2}px`;
  slider.style.width = `${area.width + thumbWidth}px`;
}
