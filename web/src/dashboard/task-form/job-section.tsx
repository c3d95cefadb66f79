import type { ComponentChildren, JSX } from "preact";

import type { Problems } from "../ui/form.tsx";
import { Check, Choice, FormSection, Json, Line, Segments, Text } from "./controls.tsx";
import { fieldsOf, type FieldSpec, JOB_KINDS, type JobKind } from "./job-fields.ts";
import type { Change, TaskForm } from "./model.ts";
import { RequestFields } from "./request-fields.tsx";

type Props = { form: TaskForm; change: Change; problems: Problems; children: ComponentChildren };
const KINDS = Object.entries(JOB_KINDS).map(([kind, { name }]) => [kind as JobKind, name] as const);

/** What the task does. */
export function JobSection({ form, change, problems, children }: Props): JSX.Element {
  return (
    <FormSection title="Job" about="What is done at each due time.">
      <Segments label="Kind of job" value={form.kind} set={(kind) => change({ kind })} choices={KINDS} />
      {form.kind === "http" ? <RequestFields form={form} change={change} problems={problems} /> : <OtherFields key={form.kind} form={form} change={change} />}
      {children}
    </FormSection>
  );
}

function OtherFields({ form, change }: Pick<Props, "form" | "change">): JSX.Element {
  const { kind, jobs } = form;
  const values = jobs[kind] ?? {};
  const set = (name: string, value: string): void => change({ jobs: { ...jobs, [kind]: { ...values, [name]: value } } });
  return (
    <>
      {Object.entries(fieldsOf(kind)).map(([name, spec]) => (
        <SpecField key={name} name={`job.${kind}.${name}`} spec={spec} value={values[name] ?? ""} set={(value) => set(name, value)} />
      ))}
    </>
  );
}

type SpecProps = { name: string; spec: FieldSpec; value: string; set: (value: string) => void };

function SpecField({ name, spec: { as, label, hint, choices }, value, set }: SpecProps): JSX.Element {
  const shared = { name, label, value, set, hint };
  switch (as) {
    case "check":
      return <Check name={name} label={label} isOn={value === "true"} set={(isOn) => set(isOn ? "true" : "")} />;
    case "choice":
      return <Choice {...shared} choices={(choices ?? []).map((each) => [each, each] as const)} />;
    case "text":
      return <Text {...shared} isCode={false} rows={6} />;
    case "json":
      return <Json {...shared} />;
    case "list":
      return <Text {...shared} isCode={false} rows={2} />;
    case "moment":
      return <Line {...shared} type="datetime-local" />;
    default:
      return <Line {...shared} />;
  }
}
