import "../styles/workflow-graph.css";

import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";

import { StatusShape, statusLook } from "../ui/status.tsx";
import type { GraphStep } from "./definition.ts";
import { fitName, type Layout, type PlacedStep, placeSteps } from "./layout.ts";
import { useHref } from "./step-address.ts";
import { READABLE, useSize, useViewport } from "./viewport.ts";

/** What a run tells of a step. `count` is such as "3 of 10". */
export type StepState = { status: string; count?: string };
type Props = { steps: GraphStep[]; states?: ReadonlyMap<string, StepState>; selected?: string | null };

const NARROW = 620;
const LEAST_HEIGHT = 130;

/** A workflow as a graph in layers. Each step leads to what the page tells of it. */
export function Graph({ steps, states, selected = null }: Props): JSX.Element {
  const shape = JSON.stringify(steps);
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  const direction = width < NARROW ? "TB" : "LR";
  const layout = useMemo(() => placeSteps(steps, direction), [shape, direction]);
  const { view, zoomBy, fitAll, reveal, onKeyDown } = useViewport(frame, layout);
  const focused = ({ target }: FocusEvent): void => {
    if (!(target instanceof Element) || !target.matches(":focus-visible")) return;
    const step = layout.steps.find(({ key }) => key === target.getAttribute("data-step"));
    if (step) reveal(step); // a step that is focused by the keyboard is seen
  };
  const height = `min(${heightOf(layout, width)}px, 64vh)`;
  return (
    <div class="graph">
      <div
        ref={frame}
        class="graph-frame"
        style={{ height }}
        tabIndex={0}
        role="group"
        aria-label={labelOf(layout)}
        onKeyDown={onKeyDown}
        onFocusCapture={focused}
      >
        <svg width="100%" height="100%">
          <Arrow />
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
            {layout.edges.map(({ from, to, path }) => (
              <path key={`${from} ${to}`} class={`edge ${edgeTone(states, from, to)}`} d={path} marker-end="url(#arrow)" />
            ))}
            {layout.steps.map((step) => (
              <Node key={step.key} step={step} state={states?.get(step.key)} isSelected={step.key === selected} />
            ))}
          </g>
        </svg>
      </div>
      <div class="graph-tools" role="group" aria-label="View of the graph">
        <span class="faint">Drag to move, Ctrl and the wheel to scale</span>
        <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoomBy(1)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => zoomBy(-1)}>
          −
        </button>
        <button type="button" title="Show the whole graph (0)" onClick={fitAll}>
          Fit
        </button>
      </div>
    </div>
  );
}

/** Returns the height of the frame that shows all of a graph, at the scale at which it is fitted into the width. */
function heightOf({ width, height }: Layout, available: number): number {
  const scale = Math.max(Math.min(available / width, 1), READABLE);
  return Math.max(Math.ceil(height * scale) + 8, LEAST_HEIGHT);
}

function labelOf({ steps }: Layout): string {
  return `Graph of ${steps.length} ${steps.length === 1 ? "step" : "steps"}. Arrow keys move it, + and − scale it, 0 fits it.`;
}

function Arrow(): JSX.Element {
  return (
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
        <path class="arrow" d="M1 1 7 4 1 7" />
      </marker>
    </defs>
  );
}

/** A line is strong once the step that it leaves has ended, and the one that it leads to has begun. */
function edgeTone(states: Props["states"], from: string, to: string): string {
  const [before, after] = [states?.get(from)?.status, states?.get(to)?.status];
  if (after === "SKIPPED") return "skipped";
  return before === "COMPLETED" && after !== "PENDING" && after !== undefined ? "taken" : "";
}

type NodeProps = { step: PlacedStep; state: StepState | undefined; isSelected: boolean };

function Node({ step, state, isSelected }: NodeProps): JSX.Element {
  const { key, x, y, width, height } = step;
  const look = state && statusLook(state.status);
  const left = x - width / 2;
  const top = y - height / 2;
  const second = secondLine(step, state);
  return (
    <a
      href={useHref(key)}
      class={`node ${look?.tone ?? "plain"} ${state?.status.toLowerCase() ?? ""}`}
      aria-current={isSelected ? "step" : undefined}
      data-step={key}
    >
      <title>{`${key} ${second}`}</title>
      {step.isForEach && <rect class="behind" x={left + 4} y={top + 4} width={width} height={height} rx="8" />}
      <rect class="box" x={left} y={top} width={width} height={height} rx="8" />
      <g transform={`translate(${left + 12} ${y - 8})`} aria-hidden="true">
        {state ? <StatusShape status={state.status} /> : <KindShape step={step} />}
      </g>
      <text class="name" x={left + 38} y={y - 4}>
        {fitName(key, width)}
      </text>
      <text class="second" x={left + 38} y={y + 13}>
        {fitName(second, width + 20)}
      </text>
    </a>
  );
}

function secondLine(step: GraphStep, state: StepState | undefined): string {
  if (state !== undefined) return [statusLook(state.status).word, state.count].filter(Boolean).join(" · ");
  const what = step.kind === "job" ? step.detail : [step.kind === "wait" ? "wait" : "asks", step.detail].filter(Boolean).join(" ");
  return [what, step.isForEach && "each", step.isConditional && "if"].filter(Boolean).join(" · ");
}

function KindShape({ step: { kind } }: { step: GraphStep }): JSX.Element {
  return (
    <svg class="kind" viewBox="0 0 16 16" width="16" height="16">
      {kind === "wait" && <path d="M8 4.5V8l2.5 1.5M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5Z" />}
      {kind === "approval" && <path d="M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8Zm-5.25 5.5a5.25 4 0 0 1 10.5 0" />}
      {kind === "job" && <path d="m6 3.5 5.5 4.5L6 12.5" />}
    </svg>
  );
}
