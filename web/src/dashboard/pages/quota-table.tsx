import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { formatCount, formatEnum } from "../format.ts";
import { graphql, type VariablesOf } from "../graphql.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Form, useSending } from "../ui/form.tsx";
import { showToast } from "../ui/toast.tsx";

const SET_QUOTA = graphql(`
  mutation SetUserQuota($id: ID!, $quota: Quota!, $limit: Int) {
    setUserQuota(input: { id: $id, quota: $quota, limit: $limit }) {
      userErrors {
        field
        message
      }
    }
  }
`);
type Usage = { quota: VariablesOf<typeof SET_QUOTA>["quota"]; used: number; limit: number | null; unit: string };
type Props = { user: string; usage: readonly Usage[]; done: () => void };

/** What a user uses, with limits that an administrator can change. */
export function QuotaTable({ user, usage, done }: Props): JSX.Element {
  const [edited, setEdited] = useState<Usage | null>(null);
  const close = (): void => {
    setEdited(null);
    done();
  };
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Quota</th>
            <th class="number">Used</th>
            <th class="number">Limit</th>
            <th>
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {usage.map((each) => (
            <tr key={each.quota}>
              <td class="name">{formatEnum(each.quota)}</td>
              <td class="number">{withUnit(each.used, each)}</td>
              <td class="number">{each.limit === null ? <span class="faint">no limit</span> : withUnit(each.limit, each)}</td>
              <td class="number">
                <button type="button" aria-label={`Change the limit of ${formatEnum(each.quota)}`} onClick={() => setEdited(each)}>
                  Change
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {edited && <QuotaDialog user={user} usage={edited} close={close} />}
    </div>
  );
}

function withUnit(count: number, { unit }: Usage): string {
  return unit === "MEGABYTES" ? `${formatCount(count)} MB` : formatCount(count);
}

function QuotaDialog({ user, usage, close }: { user: string; usage: Usage; close: () => void }): JSX.Element {
  const [limit, setLimit] = useState(String(usage.limit ?? 0));
  const { send, isBusy, problems } = useSending(SET_QUOTA);
  const save = async (value: number | null): Promise<void> => {
    if (!(await send({ id: user, quota: usage.quota, limit: value }))) return;
    showToast(`The limit of ${formatEnum(usage.quota)} is changed.`);
    close();
  };
  const unit = usage.unit === "MEGABYTES" ? "in megabytes" : "";
  return (
    <Dialog title={`Limit: ${formatEnum(usage.quota)}`} close={close}>
      <Form problems={problems} submit={() => save(Number(limit))}>
        <Field name="limit" label={`Limit ${unit}`} hint="0 for no limit">
          {(control) => (
            <input {...control} type="number" min={0} required value={limit} onInput={(event) => setLimit(event.currentTarget.value)} />
          )}
        </Field>
        <div class="buttons">
          <button class="main" disabled={isBusy}>
            Save
          </button>
          <button type="button" disabled={isBusy} onClick={() => void save(null)}>
            Use the default
          </button>
        </div>
      </Form>
    </Dialog>
  );
}
