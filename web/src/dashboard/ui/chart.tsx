// Charts of values over time. What draws them is loaded with the first one; a table says the same in words.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { formatExact, formatMoment } from "../format.ts";
import { now } from "./time.tsx";
import "../styles/chart.css";

/** Values at the times of a chart, null where there is none. Bars are on top of the bars of the series before. */
export type Series = { name: string; tone: Tone; kind: "line" | "bars" | "points"; values: readonly (number | null)[] };
export type Tone = "good" | "bad" | "busy" | "warn" | "idle" | "accent";
/** What is drawn. `times` are in milliseconds, `span` is the time that a bar stands for. `format` adds the unit. */
export type ChartData = {
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
  span?: number;
  from: number;
  to: number;
};
export type ChartProps = ChartData & {
  label: string;
  summary?: string;
  height?: number;
  marked?: (index: number) => boolean;
  onPick?: ((index: number) => void) | undefined;
};
type Drawing = { update: (data: ChartData) => void; close: () => void };
const HEIGHT = 170;

/** A chart with its legend, which shows the values under the pointer, and a table of the same values. */
export function Chart(props: ChartProps): JSX.Element {
  const { label, series, height = HEIGHT, summary } = props;
  const [pointed, setPointed] = useState<number | null>(null);
  const place = useRef<HTMLDivElement>(null);
  useDrawing(place, props, height, setPointed);
  const index = pointed !== null && pointed < props.times.length ? pointed : null;
  return (
    <figure class="chart">
      <figcaption>
        <span class="label">{label}</span>
        <span class="legend">
          {series.map((each) => (
            <span key={each.name} class={`key ${each.tone} as-${each.kind}`}>
              {each.name} <b>{index === null ? "" : formatValue(each.values[index], props.format)}</b>
            </span>
          ))}
          <span class="at">{index === null ? "" : formatMoment(props.times[index] ?? 0, now.peek())}</span>
        </span>
      </figcaption>
      <div ref={place} class={props.onPick ? "plot picks" : "plot"} style={{ height: `${height}px` }} role="img" aria-label={summary ? `${label}: ${summary}` : label} />
      <ValuesTable {...props} />
    </figure>
  );
}

function useDrawing(place: { current: HTMLDivElement | null }, props: ChartProps, height: number, setPointed: (index: number | null) => void): void {
  const drawing = useRef<Drawing | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    let isShown = true;
    void import("./chart-drawing.ts").then(({ draw }) => {
      if (!isShown || !place.current) return;
      const pick = (index: number): void => latest.current.onPick?.(index);
      drawing.current = draw(place.current, latest.current, height, { point: setPointed, pick });
    });
    return () => {
      isShown = false;
      drawing.current?.close();
      drawing.current = null;
    };
  }, []);
  const { times, series, from, to } = props;
  useEffect(() => drawing.current?.update(latest.current), [JSON.stringify([times, series, from, to])]);
}

/** The values as a table, for those who do not see the chart, and for the exact ones. */
function ValuesTable({ label, times, series, format }: ChartProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  const rows = times.map((time, index) => ({ time, index })).filter(({ index }) => series.some(({ values }) => values[index] !== null));
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        Values<span class="hidden"> of {label}</span>
      </summary>
      {isOpen && (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th>From</th>
                {series.map(({ name }) => (
                  <th key={name} class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.reverse().map(({ time, index }) => (
                <tr key={time}>
                  <td class="nowrap" title={formatExact(time)}>
                    {formatMoment(time, now.peek())}
                  </td>
                  {series.map(({ name, values }) => (
                    <td key={name} class="number">
                      {formatValue(values[index], format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function formatValue(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}
