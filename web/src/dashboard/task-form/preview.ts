// The preview of what is in the form: read again a moment after the last key.

import { useEffect, useState } from "preact/hooks";

import { readOnce } from "../client.ts";
import { PREVIEW, type Preview } from "./documents.ts";
import type { TaskForm } from "./model.ts";
import { type InputError, readPreview } from "./to-input.ts";

const TYPING_MS = 250;
const COUNT = 6;

/** `preview` is the last one that could be made, `isCurrent` whether it is that of the form. */
export type Previewed = { preview: Preview | null; error: InputError | null; isCurrent: boolean };

/** Previews the schedule and the retries of the form. */
export function usePreview(form: Pick<TaskForm, "schedule" | "retry">): Previewed {
  const [state, setState] = useState<Previewed & { key: string }>({ preview: null, error: null, isCurrent: false, key: "" });
  const { value, errors } = readPreview(form as TaskForm);
  const isIncomplete = errors.length > 0;
  const key = isIncomplete ? "" : JSON.stringify(value);
  useEffect(() => {
    if (isIncomplete) return;
    let isOver = false;
    const read = async (): Promise<void> => {
      const { data, error } = await readOnce(PREVIEW, { ...value, count: COUNT });
      if (isOver) return;
      const fault = error?.graphQLErrors[0];
      const field = (fault?.extensions?.["field"] as string[] | undefined) ?? [];
      setState((before) => ({
        preview: data?.taskPreview ?? before.preview,
        error: fault && field.length > 0 ? { field, message: fault.message } : null,
        isCurrent: Boolean(data),
        key,
      }));
    };
    const timer = setTimeout(() => void read(), state.key === "" ? 0 : TYPING_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key, isIncomplete]);
  const isSettled = !isIncomplete && state.key === key;
  return { preview: state.preview, error: isSettled ? state.error : null, isCurrent: isSettled && state.isCurrent };
}
