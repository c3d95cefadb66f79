import type { EditorView } from "@codemirror/view";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";

import { allowLeaving } from "../address.ts";
import { userEmail } from "../client.ts";
import { finishDeletions } from "../deletions.ts";
import { keepDraft, readDraft } from "../drafts.ts";
import { replaceText } from "../editor/code-editor.tsx";
import { goTo, YamlEditor, type WorkflowError } from "../editor/yaml-editor.tsx";
import { graphql } from "../graphql.ts";
import { isOfDefinitions, useApi, useLive } from "../live.ts";
import { Page } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { useUnsaved } from "../ui/unsaved.ts";
import { readSteps } from "../workflows/definition.ts";
import { ErrorList } from "../workflows/error-list.tsx";
import { exampleWorkflow } from "../workflows/example.ts";
import { Graph } from "../workflows/graph.tsx";
import { nameIn, toValue } from "../workflows/yaml-text.ts";
import { NotFoundPage } from "./not-found.tsx";

const WORKFLOW = graphql(`
  query EditedWorkflow($id: ID!) {
    node(id: $id) {
      __typename
      ... on Workflow {
        id
        name
        version
        yaml
      }
    }
  }
`);
const SAVE = graphql(`
  mutation SaveWorkflow($yaml: String!) {
    saveWorkflow(input: { yaml: $yaml }) {
      workflow {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);
type Base = { id: string | null; name: string | null; version: number; yaml: string };

/** Keeps to the version with which the editing began, and tells of a later one. */
export function EditWorkflowPage({ id }: { id: string }): JSX.Element {
  const { data, error, isStale, reread } = useLive(WORKFLOW, { id }, { concerns: isOfDefinitions });
  const base = useRef<Base | null>(null);
  const workflow = data?.node?.__typename === "Workflow" ? data.node : undefined;
  if (workflow && !isStale) base.current ??= workflow;
  if (data && !workflow) return <NotFoundPage />;
  if (base.current) return <EditPage base={base.current} latest={workflow?.version ?? 0} />;
  return <Page title="Edit workflow">{error ? <ErrorState message={error} retry={reread} /> : <LoadingRows count={8} />}</Page>;
}

export function NewWorkflowPage(): JSX.Element {
  const [base] = useState<Base>(() => ({ id: null, name: null, version: 0, yaml: exampleWorkflow(location.origin) }));
  return <EditPage base={base} latest={0} />;
}

function EditPage({ base, latest }: { base: Base; latest: number }): JSX.Element {
  const draft = useDraft(base);
  const [errors, setErrors] = useState<WorkflowError[] | null>(null);
  const view = useRef<EditorView | null>(null);
  const { save, isBusy, problem } = useSave(draft, setErrors);
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void save();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [save]);
  const discard = (): void => void (view.current && replaceText(view.current, base.yaml));
  const back = base.id === null ? "/workflows" : `/workflows/${base.id}`;
  return (
    <Page
      title={base.name === null ? "New workflow" : `Edit ${base.name}`}
      above={<Link href={back}>{base.name ?? "Workflows"}</Link>}
      actions={
        <>
          {draft.isChanged && <span class="faint">Not saved yet</span>}
          {draft.isChanged && (
            <button type="button" onClick={discard}>
              Discard changes
            </button>
          )}
          <button type="button" class="main" disabled={isBusy} aria-keyshortcuts="Control+S" onClick={() => void save()}>
            Save
          </button>
        </>
      }
    >
      {problem && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      <Notices base={base} latest={latest} draft={draft} />
      <div class="workflow-editor">
        <div>
          <YamlEditor
            initial={draft.text}
            change={draft.change}
            found={setErrors}
            describedBy="editor-hint"
            ready={(made) => (view.current = made)}
          />
          <p id="editor-hint" class="editor-hint">
            Ctrl+Space completes. Escape, then Tab leaves the editor. Ctrl+S saves. Comments are not kept.
          </p>
        </div>
        <div class="side">
          <section aria-label="Errors" aria-live="polite">
            <ErrorList errors={errors} go={(error) => view.current && goTo(view.current, error)} />
          </section>
          <Preview text={draft.text} />
        </div>
      </div>
    </Page>
  );
}

type Draft = { text: string; version: number; at: number };
type DraftState = {
  text: string;
  isChanged: boolean;
  restoredAt: number | null;
  version: number;
  change: (text: string) => void;
  forget: () => void;
};

/** The text that is being edited, which survives a reload and other pages of this tab. */
function useDraft(base: Base): DraftState {
  const name = `${userEmail.value}:workflow:${base.id ?? "new"}`;
  const kept = useMemo(() => readDraft<Draft>(name), [name]);
  const [text, setText] = useState(kept?.text ?? base.yaml);
  const restoredAt = kept?.at ?? null;
  const version = kept?.version ?? base.version;
  const isChanged = text !== base.yaml;
  useUnsaved(isChanged, "What you wrote is kept in this tab, until you come back.");
  const change = (next: string): void => {
    setText(next);
    keepDraft(name, next === base.yaml ? null : ({ text: next, version, at: Date.now() } satisfies Draft));
  };
  return { text, isChanged, restoredAt, version, change, forget: () => keepDraft(name, null) };
}

type Save = { save: () => Promise<void>; isBusy: boolean; problem: string };

function useSave(draft: DraftState, found: (errors: WorkflowError[]) => void): Save {
  const { client } = useApi();
  const [, navigate] = useLocation();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const save = async (): Promise<void> => {
    setIsBusy(true);
    await finishDeletions(); // one of them may have this name
    const { data, error } = await client.mutation(SAVE, { yaml: draft.text }).toPromise();
    setIsBusy(false);
    const { workflow, userErrors = [] } = data?.saveWorkflow ?? {};
    if (workflow) {
      draft.forget();
      allowLeaving();
      return navigate(`/workflows/${workflow.id}`);
    }
    found(userErrors.map(({ field, message }) => locate(field ?? [], message)));
    const count = userErrors.length === 1 ? "There is an error" : `There are ${userErrors.length} errors`;
    setProblem(error ? (error.graphQLErrors[0]?.message ?? "The server cannot be reached.") : `It was not saved. ${count} in the workflow.`);
  };
  return { save, isBusy, problem };
}

/** Reads an error of `saveWorkflow`, which tells of its place in the message only. */
function locate(field: readonly string[], told: string): WorkflowError {
  const path = field.slice(1);
  const message = told.replace(/^(line \d+, column \d+)?(, )?[^:]*: /, "");
  const place = /^line (\d+), column (\d+)/.exec(told);
  return { message, path, line: place ? Number(place[1]) : null, column: place ? Number(place[2]) : null };
}

function Notices({ base, latest, draft }: { base: Base; latest: number; draft: DraftState }): JSX.Element {
  const name = useMemo(() => nameIn(draft.text), [draft.text]);
  return (
    <>
      {draft.restoredAt !== null && draft.isChanged && (
        <p class="notice" role="status">
          What you wrote <Time at={new Date(draft.restoredAt).toISOString()} /> was kept in this tab.
        </p>
      )}
      {latest > draft.version && base.id !== null && (
        <p class="notice warn" role="status">
          Version {latest} was saved since you began. Saving replaces it; both stay in the list of versions.
        </p>
      )}
      {base.name !== null && name !== null && name !== base.name && (
        <p class="notice warn" role="status">
          Saved under the name {name}, this is another workflow. {base.name} stays as it is.
        </p>
      )}
    </>
  );
}

/** The graph of what is written so far. */
function Preview({ text }: { text: string }): JSX.Element | null {
  const steps = useMemo(() => readSteps(toValue(text)), [text]);
  if (steps.length === 0) return null;
  return (
    <section aria-label="Preview">
      <h2>Graph</h2>
      <Graph steps={steps} />
    </section>
  );
}
