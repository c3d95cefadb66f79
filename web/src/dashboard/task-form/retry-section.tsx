import type { JSX } from "preact";

import { Choice, FormSection, Line, Segments } from "./controls.tsx";
import { readSeconds, showSeconds } from "./durations.ts";
import type { Change, RetryForm, TaskForm } from "./model.ts";
import { readDue } from "./moments.ts";
import type { Previewed } from "./preview.ts";
import { planRetries, type Point } from "./retry-plan.ts";

type Props = { form: TaskForm; change: Change; previewed: Previewed };
type PartProps = { retry: RetryForm; set: (changes: Partial<RetryForm>) => void };

/** How often and when a run that fails is retried. */
export function RetrySection({ form, change, previewed }: Props): JSX.Element {
  const { retry } = form;
  const set = (changes: Partial<RetryForm>): void => change({ retry: { ...retry, ...changes } });
  return (
    <FormSection title="Retries" about="What follows when a run fails.">
      <Segments<RetryForm["kind"]>
        label="Kind of retries"
        value={retry.kind}
        set={(kind) => set({ kind })}
        choices={[
          ["default", "As the server does"],
          ["offsets", "At set waits"],
          ["backoff", "Growing waits"],
          ["none", "Never"],
        ]}
      />
      {retry.kind === "offsets" && <Offsets retry={retry} set={set} />}
      {retry.kind === "backoff" && <Growth retry={retry} set={set} />}
      {retry.kind !== "none" && (
        <div class="row">
          <Line
            name="retry.maxRetries"
            label="Most retries"
            hint={retry.kind === "offsets" ? "0 to 99. Default: one for each wait; then the last one repeats" : "0 to 99. Default: that of the server"}
            value={retry.maxRetries}
            set={(maxRetries) => set({ maxRetries })}
          />
          <Line
            name="retry.statuses"
            label="Only for HTTP statuses"
            hint="Such as 429, 502, 503. Default: all. Other failures are always retried"
            value={retry.statuses}
            set={(statuses) => set({ statuses })}
          />
        </div>
      )}
      <Plan previewed={previewed} isRepeated={form.schedule.kind === "cron" || form.schedule.kind === "every"} />
    </FormSection>
  );
}

function Offsets({ retry, set }: PartProps): JSX.Element {
  return (
    <Line
      name="retry.offsets"
      label="Wait before each retry"
      hint="Each from the end of the attempt before, such as 30 s, 5 min, 1 h"
      value={retry.offsets}
      set={(offsets) => set({ offsets })}
    />
  );
}

function Growth({ retry, set }: PartProps): JSX.Element {
  return (
    <div class="row four">
      <Line name="retry.backoff.initial" label="First wait" value={retry.initial} set={(initial) => set({ initial })} />
      <Line name="retry.backoff.factor" label="Factor" hint="1 to 100" value={retry.factor} set={(factor) => set({ factor })} />
      <Line name="retry.backoff.max" label="Longest wait" hint="Default: 1 d" value={retry.max} set={(max) => set({ max })} />
      <Choice
        name="retry.backoff.jitter"
        label="Random part"
        hint="Subtracted"
        value={retry.jitter}
        set={(jitter) => set({ jitter })}
        choices={[...new Set(["0", "0.1", "0.2", "0.5", "1", retry.jitter])].map((share) => [share, Number(share) === 0 ? "None" : `Up to ${Math.round(Number(share) * 100)} %`] as const)}
      />
    </div>
  );
}

/** The attempts of a run that fails, drawn on a line of time, against the next due time. */
function Plan({ previewed: { preview, isCurrent }, isRepeated }: { previewed: Previewed; isRepeated: boolean }): JSX.Element {
  const waits = (preview?.retryWaits ?? []).map((wait) => readSeconds(wait) ?? 0);
  const [first, second] = (preview?.dueTimes ?? []).map((due) => readDue(due).instant);
  const gap = isRepeated && first !== undefined && second !== undefined ? (second - first) / 1000 : null;
  const { points, nextDue, isLogarithmic } = planRetries(waits, gap);
  const overtaken = points.filter(({ isOvertaken }) => isOvertaken).length;
  const total = points.at(-1)?.at ?? 0;
  return (
    <figure class={isCurrent ? "retry-plan" : "retry-plan stale"} aria-label="Plan of the retries">
      <div class="axis" aria-hidden="true">
        {points.map((point, at) => (
          <Mark key={at} point={point} label={at === 0 ? "due" : `+${showSeconds(point.at)}`} look={at === 0 ? "first" : point.isOvertaken ? "overtaken" : ""} />
        ))}
        {nextDue && <Mark point={nextDue} label="next due" look="next" />}
      </div>
      <figcaption>
        {waits.length === 0 ? "A run that fails is not retried." : `${waits.length === 1 ? "One retry" : `${waits.length} retries`}, the last one ${showSeconds(total)} after the first attempt.`}
        {preview?.retry.backoff && preview.retry.backoff.jitter > 0 && ` Each wait is up to ${Math.round(preview.retry.backoff.jitter * 100)} % shorter, at random.`}
        {overtaken > 0 && <strong class="overtaken"> {overtaken === 1 ? "One retry gives" : `${overtaken} retries give`} way to the run of the next due time.</strong>}
        {isLogarithmic && <span class="faint"> Distances are on a logarithmic scale.</span>}
      </figcaption>
    </figure>
  );
}

function Mark({ point: { place, isLabelled }, label, look }: { point: Point; label: string; look: string }): JSX.Element {
  return (
    <span class={`mark ${look}`} style={{ left: `${place * 100}%` }} title={label}>
      {isLabelled && <span class={place > 0.9 ? "label end" : place < 0.06 ? "label start" : "label"}>{label}</span>}
    </span>
  );
}
