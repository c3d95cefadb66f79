import "../styles/spark.css";

import type { JSX } from "preact";

type Bar = { total: number; failed: number };

/** Counts of a few periods as small bars, those that failed at their foot. `label` says in words what they show. */
export function Spark({ bars, label }: { bars: readonly Bar[]; label: string }): JSX.Element {
  const most = Math.max(...bars.map(({ total }) => total), 1);
  return (
    <span class="spark" role="img" aria-label={label} title={label}>
      {bars.map(({ total, failed }, index) => (
        <span key={index} class="bar">
          {total > failed && <span class="rest" style={{ height: `${Math.max(((total - failed) / most) * 100, 12)}%` }} />}
          {failed > 0 && <span class="failed" style={{ height: `${Math.max((failed / most) * 100, 12)}%` }} />}
        </span>
      ))}
    </span>
  );
}
