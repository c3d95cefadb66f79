import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { userEmail } from "../client.ts";
import { formatEnum } from "../format.ts";
import { graphql, type ResultOf, type VariablesOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";
import { Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import { AcceptedRequesters } from "./accepted-requesters.tsx";
import { never } from "./account-profile.tsx";

const MAIL_ADDRESSES = graphql(`
  query MailAddresses {
    mailAddresses {
      purpose
      email
      confirmedAt
      requestedEmail
      requestedAt
      bouncedAt
      lastError
      unsubscribedAt
    }
    viewer {
      acceptsRequestsFrom
    }
  }
`);
const REQUEST = graphql(`
  mutation RequestMailAddress($purpose: MailPurpose!, $email: String!) {
    requestMailAddress(input: { purpose: $purpose, email: $email }) {
      userErrors {
        field
        message
      }
    }
  }
`);
const REMOVE = graphql(`
  mutation RemoveMailAddress($purpose: MailPurpose!) {
    removeMailAddress(input: { purpose: $purpose }) {
      userErrors {
        message
      }
    }
  }
`);
type Address = ResultOf<typeof MAIL_ADDRESSES>["mailAddresses"][number];
type Purpose = VariablesOf<typeof REMOVE>["purpose"];
const PURPOSES: { purpose: Purpose; text: string }[] = [
  { purpose: "ALERTS", text: "failures, incidents and reminders of them" },
  { purpose: "APPROVALS", text: "decisions that workflows wait for" },
  { purpose: "REPORTS", text: "reports that are ready" },
];

export function AccountMails(): JSX.Element {
  const { data, error, reread } = useLive(MAIL_ADDRESSES, {}, { concerns: never });
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={4} />;
  return (
    <>
      <p class="lead">
        Mails go to {userEmail.value}. Some can go to another address, such as that of a team, once its reader has agreed by a link.
      </p>
      {PURPOSES.map(({ purpose, text }) => (
        <PurposePanel
          key={purpose}
          purpose={purpose}
          text={text}
          address={data.mailAddresses.find((each) => each.purpose === purpose)}
          done={reread}
        />
      ))}
      <Section title="Approval requests">
        <AcceptedRequesters emails={data.viewer.acceptsRequestsFrom ?? []} done={reread} />
      </Section>
    </>
  );
}

type PanelProps = { purpose: Purpose; text: string; address: Address | undefined; done: () => void };

function PurposePanel({ purpose, text, address, done }: PanelProps): JSX.Element {
  const [isEditing, setIsEditing] = useState(false);
  const hasOther = Boolean(address?.email ?? address?.requestedEmail);
  const close = (): void => {
    setIsEditing(false);
    done();
  };
  return (
    <section class="panel mail-address" aria-label={formatEnum(purpose)}>
      <div class="heading">
        <h2>
          {formatEnum(purpose)} <span class="faint">{text}</span>
        </h2>
        {!isEditing && (
          <span class="buttons">
            <button type="button" onClick={() => setIsEditing(true)}>
              {hasOther ? "Change" : "Use another address"}
            </button>
            {hasOther && <RemoveButton purpose={purpose} done={done} />}
          </span>
        )}
      </div>
      <AddressState address={address} />
      {isEditing && <RequestForm purpose={purpose} close={close} />}
    </section>
  );
}

function AddressState({ address }: { address: Address | undefined }): JSX.Element {
  return (
    <>
      <p>
        to <strong>{address?.email ?? userEmail.value}</strong>
        {!address?.email && <span class="faint"> · the address of your account</span>}
      </p>
      {address?.requestedEmail && address.requestedAt && (
        <p class="faint">
          {address.requestedEmail} was asked <Time at={address.requestedAt} />, and has not agreed yet.
        </p>
      )}
      {address?.bouncedAt && (
        <p class="bad-text">
          It was refused <Time at={address.bouncedAt} />: {address.lastError}. Until tomorrow such mails come to you.
        </p>
      )}
      {address?.unsubscribedAt && (
        <p class="faint">
          Its reader has ended these mails <Time at={address.unsubscribedAt} />.
        </p>
      )}
    </>
  );
}

function RequestForm({ purpose, close }: { purpose: Purpose; close: () => void }): JSX.Element {
  const [email, setEmail] = useState("");
  const { send, isBusy, problems } = useSending(REQUEST);
  const submit = async (): Promise<void> => {
    if (!(await send({ purpose, email }))) return;
    showToast(`A link is on its way to ${email}.`);
    close();
  };
  return (
    <Form problems={problems} submit={submit}>
      <Field name="email" label="Email address" hint="A link is mailed there. Mails go there when it has been opened.">
        {(control) => (
          <input {...control} type="email" required autofocus value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
        )}
      </Field>
      <div class="buttons">
        <button class="main" disabled={isBusy}>
          Send the link
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </Form>
  );
}

function RemoveButton({ purpose, done }: { purpose: Purpose; done: () => void }): JSX.Element {
  const { send, isBusy } = useSending(REMOVE);
  const remove = async (): Promise<void> => {
    const text = "These mails go to the address of your account again. Its reader would have to agree once more.";
    if (!(await confirm({ title: "Remove the address?", text, action: "Remove" }))) return;
    await send({ purpose });
    done();
  };
  return (
    <button type="button" disabled={isBusy} onClick={() => void remove()}>
      Remove
    </button>
  );
}
