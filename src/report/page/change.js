// Change against change: what each step in size does to the accuracy or the error.

/** 95 % intervals of single points: each point may have low and high. */
const whiskers = {
  id: "whiskers",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales: { x, y } } = chart;
    if (!area) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    for (const { data, borderColor } of chart.data.datasets) {
      ctx.strokeStyle = borderColor;
      ctx.globalAlpha = 0.45;
      ctx.lineWidth = 1.25;
      for (const point of data) {
        if (!known(point.low) || !known(point.high)) continue;
        ctx.beginPath();
        ctx.moveTo(x.getPixelForValue(point.x), y.getPixelForValue(point.low));
        ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.high));
        ctx.stroke();
      }
    }
    ctx.restore();
  },
};

// Changes span noise (hundredths of a point) and ruin (tens of points): linear within 0.1, logarithmic beyond.
const signedLog = value => Math.sign(value) * Math.log10(1 + Math.abs(value) / 0.1);
const signedTicks = [0, ...[0.1, 1, 10, 100, 1000, 1e4, 1e5, 1e6].flatMap(size => [size, -size])];

/** The point of a cell in "change against change": times smaller; points of accuracy or per cent of the MSE. */
function changePoint(cell, model, shift) {
  const { delta } = cell.vs_float, { ratio_ideal: ratio } = cell.size;
  const y = change => known(change) ? signedLog(100 * (model.regression ? change / model.float.value : change)) : null;
  if (!known(ratio) || !known(delta)) return null;
  return { x: Math.log2(ratio) + shift, y: y(delta), low: y(cell.deltaLow), high: y(cell.deltaHigh), cell };
}

function changePoints(series, model, shift) {
  const { colour, marker, rotation } = styleOf(series);
  const data = series.cells.map(cell => changePoint(cell, model, shift)).filter(point => point !== null);
  const detectable = data.map(point => ["worse", "better"].includes(point.cell.vs_float.verdict));
  return {
    label: series.label, data, borderColor: colour, pointStyle: marker, pointRotation: rotation, showLine: false,
    borderWidth: 1.75, clip: 8,
    pointBackgroundColor: detectable.map(yes => yes ? colour : ink("paper")), pointRadius: 5, pointHoverRadius: 7,
  };
}

function drawChange(state) {
  const model = models[state.model], all = seriesOf(model);
  // Side by side, since cells of equal width are equally large and would hide one another.
  const shift = index => (index - (all.length - 1) / 2) * Math.min(0.04, 0.3 / all.length);
  const datasets = all.map((series, index) => changePoints(series, model, shift(index)))
    .filter(set => set.data.length > 0);
  byId("change-section").hidden = datasets.length === 0;
  if (datasets.length === 0) return;
  const ratios = datasets.flatMap(set => set.data.map(point => point.x));
  const changes = datasets.flatMap(set => set.data.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]));
  // Around zero the ticks crowd when the range is wide.
  const crowded = Math.max(...changes) - Math.min(...changes) > 4;
  const ticks = signedTicks.filter(tick => !crowded || Math.abs(tick) !== 0.1);
  const ticksAt = values => scale => {
    scale.ticks = values.filter(value => value >= scale.min && value <= scale.max).map(value => ({ value }));
  };
  draw("change", {
    type: "line", plugins: [whiskers, zeroLine], data: { datasets },
    options: {
      layout: { padding: { right: 14 } },
      interaction: { mode: "nearest", intersect: true },
      scales: {
        x: axis("times smaller than float (ideal size)", {
          type: "linear", min: Math.min(...ratios) - 0.15, max: Math.max(...ratios) + 0.15,
          afterBuildTicks: ticksAt([...Array(12).keys()]), ticks: { callback: value => `${2 ** value}×` },
        }),
        y: axis(innerWidth < 560 ? "" : `change of ${model.regression ? "the MSE (%)" : "accuracy (points)"}`, {
          type: "linear", min: Math.min(signedLog(-1), ...changes) - 0.1, max: Math.max(signedLog(1), ...changes) + 0.1,
          afterBuildTicks: ticksAt(ticks.map(signedLog)),
          ticks: { autoSkip: false, callback: value => signedLabel(value) },
        }),
      },
      plugins: { tooltip: tooltip(hits => hits[0]?.dataset.label ?? "", hit => cellLines(hit.raw.cell, model)) },
    },
  });
}

function signedLabel(position) {
  const value = signedTicks.find(tick => Math.abs(signedLog(tick) - position) < 1e-9) ?? 0;
  return withMinus(value > 0 ? `+${value}` : String(value));
}

/** The line of no change. */
const zeroLine = {
  id: "zero",
  beforeDatasetsDraw({ ctx, chartArea: area, scales: { y } }) {
    if (!area) return;
    const at = y.getPixelForValue(0);
    ctx.save();
    ctx.strokeStyle = ink("quiet");
    ctx.lineWidth = 1.25;
    ctx.beginPath();
    ctx.moveTo(area.left, at);
    ctx.lineTo(area.right, at);
    ctx.stroke();
    ctx.restore();
  },
};
