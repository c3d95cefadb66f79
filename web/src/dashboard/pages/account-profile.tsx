import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useAction } from "../actions.ts";
import { formatCount, formatEnum } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Field, Form, useSending } from "../ui/form.tsx";
import { Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import { TimeZoneInput } from "./time-zone-input.tsx";

const PROFILE = graphql(`
  query Profile {
    viewer {
      email
      isAdmin
      emailConfirmed
      emailConfirmationRequired
      createdAt
      usage {
        quota
        used
        limit
        unit
        resetsAt
      }
    }
    notificationPreferences {
      timeZone
    }
  }
`);
const CONFIRM = graphql(`mutation RequestEmailConfirmation { requestEmailConfirmation { email userErrors { message } } }`);
const SET_TIME_ZONE = graphql(`
  mutation SetTimeZone($timeZone: String) {
    updateNotificationPreferences(input: { timeZone: $timeZone }) {
      userErrors {
        field
        message
      }
    }
  }
`);
type Profile = ResultOf<typeof PROFILE>;
export const never = (): boolean => false;

export function AccountProfile(): JSX.Element {
  const { data, error, reread } = useLive(PROFILE, {}, { concerns: never });
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={6} />;
  const { viewer, notificationPreferences } = data;
  return (
    <>
      {viewer.emailConfirmationRequired && !viewer.emailConfirmed && <Unconfirmed email={viewer.email} />}
      <dl class="settings">
        <div>
          <dt>Email address</dt>
          <dd>{viewer.email}</dd>
        </div>
        <div>
          <dt>Role</dt>
          <dd>{viewer.isAdmin ? "Administrator" : "User"}</dd>
        </div>
        <div>
          <dt>Account since</dt>
          <dd>
            <Time at={viewer.createdAt} />
          </dd>
        </div>
      </dl>
      <Section title="Time zone">
        <TimeZoneForm timeZone={notificationPreferences.timeZone} />
      </Section>
      <Section title="Usage">
        <UsageList usage={viewer.usage ?? []} />
      </Section>
    </>
  );
}

function Unconfirmed({ email }: { email: string }): JSX.Element {
  const { run, isBusy, problem } = useAction(CONFIRM, {});
  const [isSent, setIsSent] = useState(false);
  return (
    <div class="notice warn">
      <p>
        <strong>Your address is not confirmed.</strong> Until it is, nothing else is mailed to {email}, and your jobs send no mail.
      </p>
      {isSent ? (
        <p role="status">A link is on its way to {email}.</p>
      ) : (
        <button type="button" disabled={isBusy} onClick={() => void run().then(setIsSent)}>
          Send the link again
        </button>
      )}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function TimeZoneForm({ timeZone }: { timeZone: string }): JSX.Element {
  const [value, setValue] = useState(timeZone);
  const { send, isBusy, problems } = useSending(SET_TIME_ZONE);
  const submit = async (): Promise<void> => {
    if (await send({ timeZone: value })) showToast(`Quiet hours and digests follow the time of ${value} from now on.`);
  };
  return (
    <Form problems={problems} submit={submit} class="form panel">
      <Field name="timeZone" label="Of quiet hours and digests" hint="Times on these pages are in the time zone of your browser.">
        {(control) => <TimeZoneInput {...control} value={value} change={setValue} />}
      </Field>
      <div class="buttons">
        <button class="main" disabled={isBusy || value === timeZone}>
          Save
        </button>
      </div>
    </Form>
  );
}

function UsageList({ usage }: { usage: NonNullable<Profile["viewer"]["usage"]> }): JSX.Element {
  return (
    <dl class="settings usage">
      {usage.map((each) => (
        <Usage key={each.quota} {...each} />
      ))}
    </dl>
  );
}

function Usage({ quota, used, limit, unit, resetsAt }: NonNullable<Profile["viewer"]["usage"]>[number]): JSX.Element {
  const name = formatEnum(quota);
  const unitName = unit === "MEGABYTES" ? " MB" : "";
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {formatCount(used)}
        {limit !== null && ` of ${formatCount(limit)}`}
        {unitName}
        {limit === null && <span class="faint"> · no limit</span>}
        {limit !== null && <meter value={used} max={limit} high={limit * 0.8} optimum={0} aria-label={name} />}
      </dd>
      {resetsAt && (
        <dd class="faint small">
          starts over <Time at={resetsAt} />
        </dd>
      )}
    </div>
  );
}
