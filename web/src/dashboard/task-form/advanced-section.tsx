import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { useApi } from "../live.ts";
import type { Problems } from "../ui/form.tsx";
import { Check, Choice, Line } from "./controls.tsx";
import { QUEUES } from "./documents.ts";
import { type Change, emptyForm, isSame, type TaskForm } from "./model.ts";

const NAMES = ["timeout", "queue", "priority", "overlap", "misfirePolicy", "misfireGrace", "misfireMaxRuns", "alertAfter", "alertOnMissed", "pauseAfter"] as const;
const PATHS = ["timeout", "queue", "priority", "overlap", "misfire", "alertAfter", "alertOnMissed", "pauseAfter", "job.http.connectTimeout"];
type Props = { form: TaskForm; change: Change; problems: Problems };

/** Settings that most tasks leave as they are. Open if one of them is not, or is refused. */
export function AdvancedSection({ form, change, problems }: Props): JSX.Element {
  const empty = emptyForm();
  const changed = NAMES.filter((name) => !isSame(form[name], empty[name])).length + (form.http.connectTimeout === "" ? 0 : 1);
  const isRefused = [...problems.fields.keys()].some((path) => PATHS.some((own) => path === own || path.startsWith(`${own}.`)));
  const [isOpen, setIsOpen] = useState(changed > 0);
  useEffect(() => {
    if (isRefused) setIsOpen(true);
  }, [isRefused]);
  return (
    <section class="form-section" aria-label="More settings">
      <div class="about">
        <h2>More settings</h2>
        <p>{changed === 0 ? "All as the server does." : `${changed} changed.`}</p>
      </div>
      <div class="fields">
        <details open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
          <summary>Timeouts, queue, overlap, alerts</summary>
          <div class="fields">
            <Limits form={form} change={change} />
            <Policies form={form} change={change} />
            <Alerts form={form} change={change} />
          </div>
        </details>
      </div>
    </section>
  );
}

type PartProps = Omit<Props, "problems">;

function Limits({ form, change }: PartProps): JSX.Element {
  const queues = useQueues();
  const { http } = form;
  return (
    <>
      <div class="row">
        <Line name="timeout" label="Timeout of an attempt" hint="At most 1 h. Default: that of the server" value={form.timeout} set={(timeout) => change({ timeout })} />
        {form.kind === "http" && (
          <Line
            name="job.http.connectTimeout"
            label="Timeout of connecting"
            hint="At most 5 min. Default: that of the server"
            value={http.connectTimeout}
            set={(connectTimeout) => change({ http: { ...http, connectTimeout } })}
          />
        )}
      </div>
      <div class="row">
        <Line name="queue" label="Queue" list="queue-names" hint="Default: the one named default" value={form.queue} set={(queue) => change({ queue })} />
        <Line name="priority" label="Priority" hint="-10 to 10, higher first among your runs" value={form.priority} set={(priority) => change({ priority })} />
        <datalist id="queue-names">
          {queues.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
    </>
  );
}

function useQueues(): readonly string[] {
  const { client } = useApi();
  const [names, setNames] = useState<string[]>([]);
  useEffect(() => {
    void client.query(QUEUES, {}).toPromise().then(({ data }) => setNames(data?.queues.map(({ name }) => name) ?? []));
  }, [client]);
  return names;
}

function Policies({ form, change }: PartProps): JSX.Element {
  return (
    <>
      <div class="row">
        <Choice
          name="overlap"
          label="If the run before has not ended"
          value={form.overlap}
          set={(overlap) => change({ overlap })}
          choices={[
            ["SKIP", "Skip the due time"],
            ["QUEUE", "Run when it has ended"],
            ["ALLOW", "Run beside it"],
          ]}
        />
        <Choice
          name="misfire.policy"
          label="If no server could run it in time"
          value={form.misfirePolicy}
          set={(misfirePolicy) => change({ misfirePolicy })}
          choices={[
            ["RUN_ONCE", "Run the latest due time"],
            ["RUN_ALL", "Run all due times"],
            ["SKIP", "Run only within the grace period"],
          ]}
        />
      </div>
      <div class="row">
        <Line name="misfire.grace" label="Grace period" hint="Up to this late is on time. Default: 1 min" value={form.misfireGrace} set={(misfireGrace) => change({ misfireGrace })} />
        {form.misfirePolicy === "RUN_ALL" && (
          <Line name="misfire.maxRuns" label="At most" hint="Missed due times, 1 to 1000. Default: 100" value={form.misfireMaxRuns} set={(misfireMaxRuns) => change({ misfireMaxRuns })} />
        )}
      </div>
    </>
  );
}

function Alerts({ form, change }: PartProps): JSX.Element {
  return (
    <>
      <div class="row">
        <Line name="alertAfter" label="Tell me after" hint="Failed runs in a row, 1 to 100. Default: 1" value={form.alertAfter} set={(alertAfter) => change({ alertAfter })} />
        <Line name="pauseAfter" label="Pause after" hint="Failed runs in a row, 1 to 1,000. Default: never" value={form.pauseAfter} set={(pauseAfter) => change({ pauseAfter })} />
      </div>
      <Check name="alertOnMissed" label="Tell me of runs that were missed or skipped" isOn={form.alertOnMissed} set={(alertOnMissed) => change({ alertOnMissed })} />
    </>
  );
}
