// Places the steps of a graph in layers, by dagre. Pure.

import { graphlib, layout } from "@dagrejs/dagre";

import type { GraphStep } from "./definition.ts";

export type Point = { x: number; y: number };
export type PlacedStep = GraphStep & { x: number; y: number; width: number; height: number };
export type PlacedEdge = { from: string; to: string; path: string };
export type Layout = { steps: PlacedStep[]; edges: PlacedEdge[]; width: number; height: number };
export type Direction = "LR" | "TB";

const HEIGHT = 46;
const MARGIN = 16;
const CHARACTER = 7.4;
const SMALL_CHARACTER = 6.6;
const [NARROWEST, WIDEST] = [128, 260];
const ICON = 54;
const NARROWEST_FAN_OUT = 206;

/** Places the steps: the center of each, and the lines between them. */
export function placeSteps(steps: GraphStep[], direction: Direction): Layout {
  const graph = new graphlib.Graph().setDefaultEdgeLabel(() => ({}));
  graph.setGraph({ rankdir: direction, nodesep: 18, ranksep: 44, edgesep: 12, marginx: MARGIN, marginy: MARGIN });
  for (const step of steps) graph.setNode(step.key, { width: widthOf(step), height: HEIGHT });
  for (const { key, dependsOn } of steps) for (const from of dependsOn) graph.setEdge(from, key);
  layout(graph);
  const placed = steps.map((step): PlacedStep => {
    const { x, y } = graph.node(step.key) as Point;
    return { ...step, x, y, width: widthOf(step), height: HEIGHT };
  });
  const byKey = new Map(placed.map((step) => [step.key, step]));
  const edges = graph.edges().map(({ v, w }) => {
    const between = (graph.edge(v, w) as { points: Point[] }).points.slice(1, -1);
    return { from: v, to: w, path: curve(waypoints(byKey.get(v), between, byKey.get(w), direction), direction) };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { steps: placed, edges, width: Math.max(width, 1), height: Math.max(height, 1) };
}

function widthOf({ key, detail, isForEach }: GraphStep): number {
  const longest = Math.max(key.length * CHARACTER, Math.min(detail.length + 9, 24) * SMALL_CHARACTER);
  return Math.min(Math.max(longest + ICON, isForEach ? NARROWEST_FAN_OUT : NARROWEST), WIDEST);
}

/** Cuts the name of a step to what its box holds. */
export function fitName(name: string, width: number): string {
  const room = Math.floor((width - ICON + 4) / CHARACTER);
  return name.length <= room ? name : `${name.slice(0, room - 1)}…`;
}

/** Leads a line from the end of one step to the beginning of another, around those between them. */
function waypoints(from: PlacedStep | undefined, between: Point[], to: PlacedStep | undefined, direction: Direction): Point[] {
  if (!from || !to) return [];
  const [along, half] = direction === "LR" ? (["x", "width"] as const) : (["y", "height"] as const);
  const start = { x: from.x, y: from.y, [along]: from[along] + from[half] / 2 };
  const end = { x: to.x, y: to.y, [along]: to[along] - to[half] / 2 - 2 };
  // dagre has a point between two neighbouring layers too, which only bends the line
  return [start, ...(between.length > 1 ? between : []), end];
}

/** Draws a smooth line through these points, which begins and ends in the direction of the layers. */
function curve(points: Point[], direction: Direction): string {
  const [first, ...others] = points;
  if (first === undefined) return "";
  let before = first;
  const parts = others.map((point) => {
    const middle = direction === "LR" ? (before.x + point.x) / 2 : (before.y + point.y) / 2;
    const [one, two] =
      direction === "LR" ? [{ x: middle, y: before.y }, { x: middle, y: point.y }] : [{ x: before.x, y: middle }, { x: point.x, y: middle }];
    before = point;
    return `C${round(one)} ${round(two)} ${round(point)}`;
  });
  return `M${round(first)} ${parts.join(" ")}`;
}

function round({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
