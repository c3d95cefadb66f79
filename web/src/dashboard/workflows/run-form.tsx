// Starts or resumes a run with inputs that a person enters.

import type { DocumentInput } from "@urql/core";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Dialog } from "../ui/dialog.tsx";
import { Form, type Problems, useSending } from "../ui/form.tsx";
import type { InputSpec } from "./definition.ts";
import { InputFields } from "./input-form.tsx";
import { type Entries, type Faults, initialEntries, readEntries } from "./inputs.ts";

type Payload = { workflowRun: { id: string } | null; userErrors: readonly { field: readonly string[] | null; message: string }[] };

type Props<Variables> = {
  title: string;
  verb: string;
  specs: InputSpec[];
  given?: Record<string, unknown>;
  mutation: DocumentInput<Record<string, Payload>, Variables & { input: unknown }>;
  variables: Variables;
  done: (id: string) => void;
  close: () => void;
};

/** Asks for the inputs of a run. What is wrong with one is told at its field, before it is sent and after. */
export function RunForm<Variables extends Record<string, unknown>>(props: Props<Variables>): JSX.Element {
  const { title, verb, specs, given, mutation, variables, done, close } = props;
  const [entries, setEntries] = useState<Entries>(() => initialEntries(specs, given));
  const [faults, setFaults] = useState<Faults>({});
  const { send, isBusy, problems } = useSending(mutation);
  const hasFaults = Object.keys(faults).length > 0;
  const submit = async (): Promise<void> => {
    const { input, faults: found } = readEntries(specs, entries);
    setFaults(found);
    if (Object.keys(found).length > 0) return;
    const data = await send({ ...variables, input });
    const started = Object.values(data ?? {})[0]?.workflowRun;
    if (started) done(started.id);
  };
  return (
    <Dialog title={title} close={close}>
      <Form problems={hasFaults ? toProblems(faults) : problems} submit={submit}>
        {specs.length === 0 && <p class="faint">This workflow has no inputs.</p>}
        <InputFields specs={specs} entries={entries} change={setEntries} />
        <div class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={isBusy}>
            {verb}
          </button>
        </div>
      </Form>
    </Dialog>
  );
}

function toProblems(faults: Faults): Problems {
  return { fields: new Map(Object.entries(faults).map(([name, message]) => [`input.${name}`, message])), general: "" };
}
