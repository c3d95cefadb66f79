import { type GraphiQLPlugin, useEditorContext } from "@graphiql/react";
import type { ReactNode } from "react";
import { flushSync } from "react-dom";

import { type Example, EXAMPLES, filledIn, neededFirst } from "./examples.ts";

/** A GraphiQL panel with the requests in docs/examples. */
export const EXAMPLES_PANEL: GraphiQLPlugin = { title: "Examples", icon: Icon, content: Panel };

function Panel(): ReactNode {
  const { addTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const open = (example: Example): void => {
    flushSync(addTab);
    const first = neededFirst(example.variables).map((title) => `# Send "${title}" first.\n`);
    queryEditor?.setValue([...first, example.query].join(""));
    variableEditor?.setValue(filledIn(example.variables));
    queryEditor?.focus();
  };
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>The examples build on each other. Each one opens in a new tab.</p>
      <ol>
        {EXAMPLES.map((example) => (
          <li key={example.name}>
            <button type="button" onClick={() => open(example)}>
              <strong>{example.title}</strong>
              <span>{example.about}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Icon(): ReactNode {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round">
      <path d="M3 4.500C5 3 8 3 10 4.500V17C8 15.500 5 15.500 3 17z" />
      <path d="M17 4.500C15 3 12 3 10 4.500V17c2-1.500 5-1.500 7 0z" />
    </svg>
  );
}
