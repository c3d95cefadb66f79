import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { allowLeaving } from "../address.ts";
import { focusFirstProblem, Form, type Problems } from "../ui/form.tsx";
import { useUnsaved } from "../ui/unsaved.ts";
import { AdvancedSection } from "./advanced-section.tsx";
import { Check, FormSection, Line, Text } from "./controls.tsx";
import { type Base, forgetDraft, writeDraft } from "./drafts.ts";
import { JobSection } from "./job-section.tsx";
import { type Change, isSame, type TaskForm } from "./model.ts";
import { usePreview } from "./preview.ts";
import { placeProblems, withError } from "./problems.ts";
import { RetrySection } from "./retry-section.tsx";
import { ScheduleSection } from "./schedule-section.tsx";
import { type InputError, readForm, type Settings } from "./to-input.ts";
import { TrialPanel } from "./trial.tsx";

export type UserErrors = readonly { field?: readonly string[] | null; message: string }[];
type Props = {
  /** The form as it begins. */
  start: TaskForm;
  base: Base;
  taskId: string | null;
  save: (settings: Settings) => Promise<UserErrors>;
  cancelTo: string;
  /** What stands above the form, with the form as it is. */
  above?: (form: TaskForm) => ComponentChildren;
  canSave?: boolean;
};
const NOTHING: Problems = { fields: new Map(), general: "" };

/** The form with all settings of a task. */
export function TaskEditor({ start, base, taskId, save, cancelTo, above, canSave = true }: Props): JSX.Element {
  const [form, setForm] = useState(start);
  const [problems, setProblems] = useState(NOTHING);
  const [isBusy, setIsBusy] = useState(false);
  const change: Change = (changes) => setForm((before) => ({ ...before, ...changes }));
  const isChanged = useMemo(() => !isSame(form, base.form), [form, base]);
  useDraft(taskId ?? "new", form, base, isChanged);
  useUnsaved(isChanged, "What you wrote is kept in this tab, without its secrets, until you come back.");
  const previewed = usePreview(form);
  const shown = withError(problems, previewed.error);
  const refuse = (errors: readonly InputError[]): void => {
    setProblems(placeProblems(errors));
    requestAnimationFrame(() => focusFirstProblem(document.querySelector<HTMLElement>(".task-form")));
  };
  const discard = (): void => {
    forgetDraft(taskId ?? "new");
    allowLeaving();
  };
  const submit = async (): Promise<void> => {
    const { value, errors } = readForm(form);
    setProblems(placeProblems(errors));
    if (errors.length > 0) return;
    setIsBusy(true);
    setProblems(placeProblems(await save(value)));
    setIsBusy(false);
  };
  return (
    <>
      {above?.(form)}
      <Form class="form task-form" problems={shown} submit={submit}>
        <FormSection title="Task" about="How you find it again.">
          <Line name="name" label="Name" value={form.name} set={(name) => change({ name })} />
          <Check
            name="uniqueName"
            label="Unique: no other task of mine with a unique name may have this one"
            isOn={form.uniqueName}
            set={(uniqueName) => change({ uniqueName })}
          />
          <Text name="description" label="Description" isCode={false} rows={2} value={form.description} set={(description) => change({ description })} />
          <Line name="tags" label="Tags" hint="Separated by commas, at most 20" value={form.tags} set={(tags) => change({ tags })} />
        </FormSection>
        <JobSection form={form} change={change} problems={shown}>
          <TrialPanel form={form} taskId={taskId} refuse={refuse} />
        </JobSection>
        <ScheduleSection form={form} change={change} previewed={previewed} isNew={taskId === null} />
        <RetrySection form={form} change={change} previewed={previewed} />
        <AdvancedSection form={form} change={change} problems={shown} />
        <div class="save-bar">
          <button class="main" disabled={isBusy || !canSave || (taskId !== null && !isChanged)}>
            {taskId === null ? "Create task" : "Save changes"}
          </button>
          <Link href={cancelTo} class="button" onClick={discard}>
            Cancel
          </Link>
          {isChanged && <span class="faint">Not saved yet</span>}
        </div>
      </Form>
    </>
  );
}

/** Keeps what was changed, until it is saved or discarded. */
function useDraft(task: string, form: TaskForm, base: Base, isChanged: boolean): void {
  useEffect(() => {
    if (isChanged) writeDraft(task, form, base);
  }, [task, form, base, isChanged]);
}
