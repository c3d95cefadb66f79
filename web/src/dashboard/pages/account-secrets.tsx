import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";
import { useSending } from "../ui/form.tsx";
import { Section } from "../ui/page.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import "../styles/secrets.css";
import { never } from "./account-profile.tsx";
import { SecretForm } from "./secret-form.tsx";

const SECRETS = graphql(`
  query Secrets {
    secrets {
      id
      name
      allowedHosts
      updatedAt
      valueSetAt
    }
  }
`);
const DELETE = graphql(`mutation DeleteSecret($name: String!) { deleteSecret(input: { name: $name }) { userErrors { message } } }`);
type Secret = ResultOf<typeof SECRETS>["secrets"][number];

export function AccountSecrets(): JSX.Element {
  const { data, error, reread } = useLive(SECRETS, {}, { concerns: never });
  const [edited, setEdited] = useState<string | null>(null);
  const saved = (): void => {
    setEdited(null);
    reread();
  };
  return (
    <>
      <p class="lead">
        Requests of tasks and workflows use a secret as <code>{"${{ secrets.name }}"}</code>: in the URL or as the whole of it, in headers, in the token and in
        the body. It goes to the allowed hosts only, and is never shown again: not here, and not in runs.
      </p>
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={3} />}
      {data?.secrets.length === 0 && (
        <EmptyState title="You have no secrets">
          Keep tokens, passwords and webhook addresses here, rather than in each task.
        </EmptyState>
      )}
      {data && data.secrets.length > 0 && <SecretsTable secrets={data.secrets} edited={edited} edit={setEdited} saved={saved} />}
      <Section title="New secret">
        <SecretForm saved={saved} />
      </Section>
    </>
  );
}

type TableProps = { secrets: readonly Secret[]; edited: string | null; edit: (id: string | null) => void; saved: () => void };

function SecretsTable({ secrets, edited, edit, saved }: TableProps): JSX.Element {
  return (
    <div class="table-frame">
      <table class="secrets">
        <thead>
          <tr>
            <th>Name</th>
            <th>Allowed hosts</th>
            <th class="spare">Value set</th>
            <th>
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {secrets.map((secret) =>
            edited === secret.id ? (
              <tr key={secret.id}>
                <td colSpan={4} class="edited">
                  <SecretForm secret={secret} saved={saved} cancel={() => edit(null)} />
                </td>
              </tr>
            ) : (
              <SecretRow key={secret.id} secret={secret} edit={() => edit(secret.id)} done={saved} />
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function SecretRow({ secret, edit, done }: { secret: Secret; edit: () => void; done: () => void }): JSX.Element {
  const { name, allowedHosts, valueSetAt } = secret;
  const { send, isBusy } = useSending(DELETE);
  const remove = async (): Promise<void> => {
    const text = `Runs of tasks and workflows that use ${name} fail from then on. It cannot be restored.`;
    if (!(await confirm({ title: "Delete this secret?", text, action: "Delete" }))) return;
    if (await send({ name })) showToast(`${name} is deleted.`);
    done();
  };
  return (
    <tr>
      <td class="name">
        <code>{name}</code>
      </td>
      <td class="hosts">{allowedHosts.join(", ")}</td>
      <td class="nowrap spare">
        <Time at={valueSetAt} />
      </td>
      <td class="number">
        <span class="buttons">
          <button type="button" aria-label={`Change ${name}`} onClick={edit}>
            Change
          </button>
          <button type="button" aria-label={`Delete ${name}`} disabled={isBusy} onClick={() => void remove()}>
            Delete
          </button>
        </span>
      </td>
    </tr>
  );
}
