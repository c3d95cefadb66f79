// The part of a drawing that is seen: moved and scaled by mouse, touch and keyboard.

import type { RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useState } from "preact/hooks";

import type { Point } from "./layout.ts";

/** The drawing is scaled, then moved. */
export type View = { x: number; y: number; scale: number };
export type Size = { width: number; height: number };

const [SMALLEST, LARGEST] = [0.1, 2.5];
/** The smallest scale at which names can be read. */
export const READABLE = 0.62;
const STEP = 1.25;
const MOVED = 48;
const DRAGGED = 4;

/** Returns the view that shows all of a drawing in its frame, or as much as can be read, from its beginning. */
export function fit(drawing: Size, frame: Size, smallest = SMALLEST): View {
  const scale = Math.max(Math.min(frame.width / drawing.width, frame.height / drawing.height, 1), smallest);
  const place = (size: number, room: number): number => Math.max((room - size * scale) / 2, 0);
  return { scale, x: place(drawing.width, frame.width), y: place(drawing.height, frame.height) };
}

/** Scales a view around a point of its frame. */
export function zoom({ x, y, scale }: View, factor: number, at: Point): View {
  const next = Math.min(Math.max(scale * factor, SMALLEST), LARGEST);
  const ratio = next / scale;
  return { scale: next, x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio };
}

/** Tells whether all of a box is seen, whose center is given. */
export function isSeen({ x, y, scale }: View, box: Point & Size, frame: Size): boolean {
  const [left, top] = [(box.x - box.width / 2) * scale + x, (box.y - box.height / 2) * scale + y];
  return left >= 0 && top >= 0 && left + box.width * scale <= frame.width && top + box.height * scale <= frame.height;
}

function center({ scale }: View, at: Point, frame: Size): View {
  return { scale, x: frame.width / 2 - at.x * scale, y: frame.height / 2 - at.y * scale };
}

export type Viewport = {
  view: View;
  zoomBy: (steps: number) => void;
  fitAll: () => void;
  reveal: (box: Point & Size) => void;
  onKeyDown: (event: KeyboardEvent) => void;
};

/** Lets a person move a drawing of this size in its frame. At first it is fitted, but never too small to be read. */
export function useViewport(frame: RefObject<HTMLElement>, drawing: Size): Viewport {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const size = useSize(frame);
  useLayoutEffect(() => {
    if (size.width > 0) setView(fit(drawing, size, READABLE));
  }, [drawing.width, drawing.height, size.width, size.height]);
  usePointers(frame, setView);
  const middleOfFrame = { x: size.width / 2, y: size.height / 2 };
  const zoomBy = useCallback((steps: number) => setView((now) => zoom(now, STEP ** steps, middleOfFrame)), [size.width, size.height]);
  const fitAll = (): void => setView(fit(drawing, size));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (dx !== 0 || dy !== 0) setView((now) => ({ ...now, x: now.x + dx * MOVED, y: now.y + dy * MOVED }));
    else if (event.key === "+" || event.key === "=") zoomBy(1);
    else if (event.key === "-") zoomBy(-1);
    else if (event.key === "0") fitAll();
    else return;
    event.preventDefault();
  };
  const reveal = (box: Point & Size): void => setView((now) => (isSeen(now, box, size) ? now : center(now, box, size)));
  return { view, zoomBy, fitAll, reveal, onKeyDown };
}

const ARROWS: Record<string, [number, number]> = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Returns the size of an element: nothing before it is shown. */
export function useSize(frame: RefObject<HTMLElement>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    if (frame.current === null) return;
    setSize({ width: frame.current.clientWidth, height: frame.current.clientHeight });
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry?.contentRect ?? { width: 0, height: 0 };
      setSize((before) => (before.width === width && before.height === height ? before : { width, height }));
    });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** Moves the view by dragging, and scales it by two fingers, or by the wheel with Ctrl: without, the page scrolls. */
function usePointers(frame: RefObject<HTMLElement>, setView: (change: (view: View) => View) => void): void {
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const pointers = new Map<number, Point>();
    let dragged = 0;
    const within = ({ clientX, clientY }: MouseEvent): Point => {
      const { left, top } = element.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    };
    const down = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      if (pointers.size === 0) dragged = 0;
      pointers.set(event.pointerId, within(event));
    };
    const move = (event: PointerEvent): void => {
      if (!pointers.has(event.pointerId)) return;
      const before = [...pointers.values()];
      pointers.set(event.pointerId, within(event));
      const change = changeOf(before, [...pointers.values()]);
      dragged += Math.abs(change.dx) + Math.abs(change.dy);
      if (dragged > DRAGGED) element.setPointerCapture(event.pointerId);
      setView((view) => zoom({ ...view, x: view.x + change.dx, y: view.y + change.dy }, change.factor, change.at));
    };
    const up = (event: PointerEvent): void => void pointers.delete(event.pointerId);
    const click = (event: MouseEvent): void => {
      if (dragged > DRAGGED) event.preventDefault(); // the end of a drag opens no step
      dragged = 0;
    };
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = within(event);
      setView((view) => zoom(view, Math.exp(-event.deltaY / 300), at));
    };
    const listeners = [["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", up]] as const;
    for (const [name, listener] of listeners) element.addEventListener(name, listener);
    element.addEventListener("click", click, true);
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      for (const [name, listener] of listeners) element.removeEventListener(name, listener);
      element.removeEventListener("click", click, true);
      element.removeEventListener("wheel", wheel);
    };
  }, []);
}

type PointerChange = { dx: number; dy: number; factor: number; at: Point };

/** Returns how far the middle of all pointers has moved, and by what the first two have parted. */
export function changeOf(before: Point[], after: Point[]): PointerChange {
  const [from, to] = [middle(before), middle(after)];
  const spread = distance(before);
  return { dx: to.x - from.x, dy: to.y - from.y, factor: spread > 0 ? distance(after) / spread : 1, at: to };
}

function middle(points: Point[]): Point {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

function distance([first, second]: Point[]): number {
  return first && second ? Math.hypot(first.x - second.x, first.y - second.y) : 0;
}
