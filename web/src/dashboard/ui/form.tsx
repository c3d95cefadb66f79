// Forms that send one mutation. What the server refuses is shown at the field that it names.

import type { DocumentInput } from "@urql/core";
import type { ComponentChildren, JSX } from "preact";
import { createContext } from "preact";
import { useContext, useRef, useState } from "preact/hooks";

import { useApi } from "../live.ts";

type UserError = { field?: readonly string[] | null; message: string };
type Payload = { userErrors: readonly UserError[] };

/** What the server refused: by the path of a field, such as `job.url`, and what belongs to none. */
export type Problems = { fields: ReadonlyMap<string, string>; general: string };
const NONE: Problems = { fields: new Map(), general: "" };

/** Returns the problems that user errors tell of. Those of one field are told together. */
export function toProblems(errors: readonly UserError[]): Problems {
  const fields = new Map<string, string>();
  const general = [];
  for (const { field, message } of errors) {
    const path = field?.join(".");
    if (path) fields.set(path, [fields.get(path), message].filter(Boolean).join(" "));
    else general.push(message);
  }
  return { fields, general: general.join(" ") };
}

export type Sending<Data, Variables> = {
  /** Sends the mutation, and returns its data; null if it was refused. */
  send: (variables: Variables) => Promise<Data | null>;
  isBusy: boolean;
  problems: Problems;
};

/** Sends a mutation with one payload. Problems are those of the last sending. */
export function useSending<Data extends Record<string, Payload>, Variables extends Record<string, unknown>>(
  mutation: DocumentInput<Data, Variables>,
): Sending<Data, Variables> {
  const { client } = useApi();
  const [isBusy, setIsBusy] = useState(false);
  const [problems, setProblems] = useState(NONE);
  const send = async (variables: Variables): Promise<Data | null> => {
    setIsBusy(true);
    const { data, error } = await client.mutation(mutation, variables).toPromise();
    setIsBusy(false);
    const refusals = Object.values(data ?? {}).flatMap(({ userErrors }) => userErrors);
    const failure = error ? [{ message: error.graphQLErrors[0]?.message ?? "The server cannot be reached." }] : [];
    setProblems(toProblems([...refusals, ...failure]));
    return data && !error && refusals.length === 0 ? data : null;
  };
  return { send, isBusy, problems };
}

const ProblemsContext = createContext<Problems>(NONE);

type FormProps = { problems: Problems; submit: () => Promise<unknown>; children: ComponentChildren; class?: string };

/** Gives the focus to the first field with a problem. An editor of code is marked at the element around it. */
export function focusFirstProblem(form: HTMLElement | null): void {
  form?.querySelector<HTMLElement>("[aria-invalid=true], [data-invalid] [role=textbox]")?.focus();
}

/** A form. After a refusal the focus goes to the first field that the server named. */
export function Form({ problems, submit, children, class: look = "form" }: FormProps): JSX.Element {
  const element = useRef<HTMLFormElement>(null);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    await submit();
    requestAnimationFrame(() => focusFirstProblem(element.current));
  };
  const paths = new Set([...(element.current?.querySelectorAll<HTMLElement>("[data-field]") ?? [])].map((each) => each.dataset.field));
  const rest = [...problems.fields].filter(([path]) => !paths.has(path)).map(([path, message]) => `${path}: ${message}`);
  return (
    <form ref={element} class={look} onSubmit={(event) => void send(event)}>
      <ProblemsContext.Provider value={problems}>{children}</ProblemsContext.Provider>
      <p class="problem" role="alert">
        {[problems.general, ...rest].filter(Boolean).join(" ")}
      </p>
    </form>
  );
}

/** Attributes of the control of a field, by which its label, hint and problem belong to it. */
export type ControlProps = { id: string; name: string; "aria-invalid": boolean; "aria-describedby": string | undefined };
type FieldProps = { name: string; label: ComponentChildren; hint?: ComponentChildren; children: (control: ControlProps) => JSX.Element };

/** A labelled control. `name` is the path of the field in the mutation's input. */
export function Field({ name, label, hint, children }: FieldProps): JSX.Element {
  const problem = useContext(ProblemsContext).fields.get(name);
  const id = `field-${name.replaceAll(".", "-")}`;
  const describedBy = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  return (
    <div class="field" data-field={name}>
      <label for={id}>{label}</label>
      {children({ id, name, "aria-invalid": problem !== undefined, "aria-describedby": describedBy })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
