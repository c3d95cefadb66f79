import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { readOnce } from "../client.ts";
import { deleteLater, isDeleted } from "../deletions.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useApi, useLive } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";
import { Section } from "../ui/page.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import "../styles/secrets.css";
import { never } from "./account-profile.tsx";
import { SecretForm } from "./secret-form.tsx";
import { explainDeletion, SECRET_USES, SecretUses } from "./secret-uses.tsx";

const SECRETS = graphql(
  `
    query Secrets {
      secrets {
        id
        name
        allowedHosts
        createdAt
        valueSetAt
        ...SecretUses
      }
    }
  `,
  [SECRET_USES],
);
const USES = graphql(`query UsesOfSecret($id: ID!) { node(id: $id) { __typename ...SecretUses } }`, [SECRET_USES]);
const DELETE = graphql(`mutation DeleteSecret($name: String!) { deleteSecret(input: { name: $name }) { userErrors { message } } }`);
type Secret = ResultOf<typeof SECRETS>["secrets"][number];

/** Identifies a secret, also after another one with its name, which has its ID. */
function keyOf({ id, createdAt }: Secret): string {
  return `${id} ${createdAt}`;
}

export function AccountSecrets(): JSX.Element {
  const { data, error, reread } = useLive(SECRETS, {}, { concerns: never });
  const secrets = data && data.secrets.filter((secret) => !isDeleted(keyOf(secret)));
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
      {secrets?.length === 0 && (
        <EmptyState title="You have no secrets">
          Keep tokens, passwords and webhook addresses here, rather than in each task.
        </EmptyState>
      )}
      {secrets && secrets.length > 0 && <SecretsTable secrets={secrets} edited={edited} edit={setEdited} saved={saved} />}
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
            <th>Used by</th>
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
                <td colSpan={5} class="edited">
                  <SecretForm secret={secret} saved={saved} cancel={() => edit(null)} />
                </td>
              </tr>
            ) : (
              <SecretRow key={secret.id} secret={secret} edit={() => edit(secret.id)} />
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function SecretRow({ secret, edit }: { secret: Secret; edit: () => void }): JSX.Element {
  const { id, name, allowedHosts, valueSetAt } = secret;
  const { client } = useApi();
  const remove = async (): Promise<void> => {
    const { data } = await readOnce(USES, { id }); // the list may be old
    const uses = data?.node?.__typename === "Secret" ? data.node : secret;
    if (!(await confirm({ title: `Delete ${name}?`, text: explainDeletion(uses), action: "Delete" }))) return;
    deleteLater(client, DELETE, { ids: [keyOf(secret)], text: `${name} is deleted.`, calls: [{ name }] });
  };
  return (
    <tr>
      <td class="name">
        <code>{name}</code>
      </td>
      <td class="hosts">{allowedHosts.join(", ")}</td>
      <td class="uses">
        <SecretUses uses={secret} />
      </td>
      <td class="nowrap spare">
        <Time at={valueSetAt} />
      </td>
      <td class="number">
        <span class="buttons">
          <button type="button" aria-label={`Change ${name}`} onClick={edit}>
            Change
          </button>
          <button type="button" aria-label={`Delete ${name}`} onClick={() => void remove()}>
            Delete
          </button>
        </span>
      </td>
    </tr>
  );
}
