// The kinds of notifications, as they are chosen in settings.

import type { JSX } from "preact";

import type { graphql } from "../graphql.ts";

export type Kind = ReturnType<typeof graphql.scalar<"NotificationKind">>;
type Look = { name: string; text: string; group: "Failures" | "Work" | "Account" | "Server"; isOptIn?: true; isAlwaysMailed?: true };

export const KINDS: Record<Kind, Look> = {
  BEGAN_FAILING: { group: "Failures", name: "Began failing", text: "first failure of something that worked" },
  ATTEMPT_FAILED: { group: "Failures", name: "Attempt failed", text: "each failed attempt", isOptIn: true },
  FAILED_FOR_GOOD: { group: "Failures", name: "Failed for good", text: "a run that is not retried" },
  STILL_FAILING: { group: "Failures", name: "Still failing", text: "reminders" },
  RECOVERED: { group: "Failures", name: "Recovered", text: "works again" },
  INCIDENT_CLOSED: { group: "Failures", name: "Incident closed", text: "deleted, paused or muted while it failed" },
  TASK_PAUSED: { group: "Failures", name: "Task paused", text: "paused itself after failures" },
  RUN_MISSED: { group: "Failures", name: "Run missed", text: "of tasks that alert on it" },
  APPROVAL: { group: "Work", name: "Approval", text: "a step waits for your decision" },
  WORKFLOW_FINISHED: { group: "Work", name: "Workflow finished", text: "each completed run", isOptIn: true },
  WORKFLOW_FAILED: { group: "Work", name: "Workflow failed", text: "manual and resumed runs", isOptIn: true },
  REPORT_READY: { group: "Work", name: "Report ready", text: "a report was written", isOptIn: true },
  REPLAY_FINISHED: { group: "Work", name: "Replay finished", text: "of dead letters" },
  QUOTA_MET: { group: "Account", name: "Quota met", text: "at most once a day" },
  CHANNEL_DISABLED: { group: "Account", name: "Channel disabled", text: "it failed for days" },
  PASSWORD_CHANGED: { group: "Account", name: "Password changed", text: "", isAlwaysMailed: true },
  REFRESH_TOKEN_REUSED: { group: "Account", name: "Session ended", text: "its token was used twice", isAlwaysMailed: true },
  API_TOKEN_CREATED: { group: "Account", name: "API token created", text: "", isAlwaysMailed: true },
  MAIL_ADDRESS_CHANGED: { group: "Account", name: "Mail address changed", text: "", isAlwaysMailed: true },
  NETWORK_DOWN: { group: "Server", name: "Network down", text: "for administrators" },
  NETWORK_UP: { group: "Server", name: "Network up", text: "for administrators" },
};
export const ALL_KINDS = Object.keys(KINDS) as Kind[];
/** What channels are told if they name nothing. */
export const DEFAULT_KINDS = ALL_KINDS.filter((kind) => !KINDS[kind].isOptIn);
const GROUPS = ["Failures", "Work", "Account", "Server"] as const;

type Props = { label: string; chosen: readonly Kind[]; change: (kinds: Kind[]) => void; isForMail?: boolean };

/** Check boxes for kinds of notifications. Those about the security of the account are always mailed. */
export function KindChoice({ label, chosen, change, isForMail = false }: Props): JSX.Element {
  const toggle = (kind: Kind): void => change(ALL_KINDS.filter((each) => (each === kind ? !chosen.includes(kind) : chosen.includes(each))));
  return (
    <div class="kinds" role="group" aria-label={label}>
      {GROUPS.map((group) => (
        <div key={group}>
          <h3>{group}</h3>
          {ALL_KINDS.filter((kind) => KINDS[kind].group === group).map((kind) => {
            const { name, text, isAlwaysMailed } = KINDS[kind];
            const isFixed = isForMail && isAlwaysMailed === true;
            return (
              <label key={kind} class="check">
                <input type="checkbox" checked={isFixed || chosen.includes(kind)} disabled={isFixed} onChange={() => toggle(kind)} />
                <span>
                  {name} <span class="faint">{isFixed ? "always" : text}</span>
                </span>
              </label>
            );
          })}
        </div>
      ))}
    </div>
  );
}
