// Draws charts by uPlot, in the colors of the tokens.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { ChartData, Series } from "./chart.tsx";

type Listeners = { point: (index: number | null) => void; pick: (index: number) => void };
type Drawing = { update: (data: ChartData) => void; close: () => void };

const DAY_MS = 86_400_000;
const SHORT_MS = 10 * 60_000;
const SECONDS = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const BAR_WIDTH = 0.72;
const POINT_SIZE = 7;
const FONT = "11px system-ui, sans-serif";

/** Draws a chart in an element, whose width it keeps. */
export function draw(place: HTMLElement, data: ChartData, height: number, listeners: Listeners): Drawing {
  let current = data;
  const colors = new Colors(place);
  const chart = new uPlot(options(place, height, () => current, colors, listeners), stacked(data), place);
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  const redraw = (): void => {
    colors.forget();
    chart.redraw(false);
  };
  isDark.addEventListener("change", redraw);
  const resizing = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height }));
  resizing.observe(place);
  const click = (): void => {
    if (typeof chart.cursor.idx === "number") listeners.pick(chart.cursor.idx);
  };
  chart.over.addEventListener("click", click);
  return {
    update: (next) => {
      current = next;
      chart.setData(stacked(next));
    },
    close: () => {
      isDark.removeEventListener("change", redraw);
      resizing.disconnect();
      chart.destroy();
    },
  };
}

/**
 * Returns the data as uPlot has it: times in seconds, and each series of bars with those before added. The series are in
 * reverse, because uPlot draws in this order, and the highest bars have to be behind the others.
 */
function stacked({ times, series }: ChartData): uPlot.AlignedData {
  const sums = times.map(() => 0);
  const rows = series.map(({ kind, values }) => {
    if (kind !== "bars") return [...values];
    return values.map((value, index) => (value ? (sums[index] = (sums[index] ?? 0) + value) : null));
  });
  return [times.map((time) => time / 1000), ...rows.reverse()];
}

function options(place: HTMLElement, height: number, data: () => ChartData, colors: Colors, { point }: Listeners): uPlot.Options {
  const { series, span } = data();
  const order = series.map((each) => toSeries(each, colors, span)).reverse();
  return {
    width: place.clientWidth || 300,
    height,
    legend: { show: false },
    padding: [8, 30, 0, 12], // labels of the first and the last tick reach over the plot
    cursor: { y: false, points: { size: POINT_SIZE, width: 0 }, drag: { x: false, y: false } },
    scales: {
      x: { range: () => [data().from / 1000, data().to / 1000] },
      y: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [timeAxis(data, colors), valueAxis(data, colors)],
    series: [{}, ...order],
    hooks: { setCursor: [(chart) => point(chart.cursor.idx ?? null)] },
  };
}

function toSeries({ name, tone, kind }: Series, colors: Colors, span: number | undefined): uPlot.Series {
  const color = (): string => colors.get(tone);
  const shared = { label: name, stroke: color, width: 1.5 };
  if (kind === "line") return { ...shared, spanGaps: true, points: { show: (chart, index) => isSparse(chart, index), size: 5, fill: color } };
  if (kind === "points") return { ...shared, width: 0, paths: () => null, points: { show: true, size: POINT_SIZE, width: 0, fill: color } };
  const paths = uPlot.paths.bars?.({ size: [BAR_WIDTH, 26, 1], align: span === undefined ? 0 : 1 });
  return { ...shared, width: 0, fill: color, points: { show: false }, ...(paths ? { paths } : {}) };
}

/** Tells whether a line has so few values that each is marked. */
function isSparse(chart: uPlot, index: number): boolean {
  return (chart.data[index] ?? []).filter((value) => value !== null && value !== undefined).length < 40;
}

function timeAxis(data: () => ChartData, colors: Colors): uPlot.Axis {
  return {
    stroke: () => colors.get("faint"),
    grid: { show: false },
    ticks: { stroke: () => colors.get("line"), width: 1, size: 4 },
    font: FONT,
    gap: 3,
    size: 26,
    space: 84,
    values: (_chart, splits) => splits.map((second) => tickFormat(data()).format(second * 1000)),
    ...(data().to - data().from > 2 * DAY_MS ? { incrs: [86_400, 2 * 86_400, 7 * 86_400, 30 * 86_400] } : {}),
  };
}

/** Returns the format that tells the ticks of a range apart. */
function tickFormat({ from, to }: ChartData): Intl.DateTimeFormat {
  if (to - from > 2 * DAY_MS) return DATE;
  return to - from < SHORT_MS ? SECONDS : TIME;
}

function valueAxis(data: () => ChartData, colors: Colors): uPlot.Axis {
  return {
    stroke: () => colors.get("faint"),
    grid: { stroke: () => colors.get("line"), width: 1 },
    ticks: { show: false },
    font: FONT,
    gap: 4,
    space: 36,
    size: (_chart, values) => 14 + Math.max(...(values ?? [""]).map((value) => value.length)) * 6.2,
    values: (_chart, splits) => splits.map((value) => (Number.isInteger(value) || value >= 1 ? data().format(value) : "")),
  };
}

/** The colors of the tokens as the canvas needs them. */
class Colors {
  readonly #probe: HTMLElement;
  readonly #known = new Map<string, string>();

  constructor(place: HTMLElement) {
    this.#probe = document.createElement("span");
    this.#probe.hidden = true;
    place.append(this.#probe);
  }

  get(token: string): string {
    let color = this.#known.get(token);
    if (color === undefined) {
      this.#probe.style.color = `var(--${token})`;
      color = getComputedStyle(this.#probe).color;
      this.#known.set(token, color);
    }
    return color;
  }

  forget(): void {
    this.#known.clear();
  }
}
