import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql } from "../graphql.ts";
import { useApi } from "../live.ts";

const CREATE = graphql(`
  mutation CreateApiToken($name: String!, $scopes: [Scope!]!) {
    createApiToken(input: { name: $name, scopes: $scopes }) {
      token
      userErrors {
        message
      }
    }
  }
`);

/** Creates an API token, and shows it once. */
export function NewToken({ done }: { done: () => void }): JSX.Element {
  const { client } = useApi();
  const [problem, setProblem] = useState("");
  const [token, setToken] = useState<string | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const scopes = fields.get("write") ? (["READ", "WRITE"] as const) : (["READ"] as const);
    const variables = { name: String(fields.get("name")), scopes: [...scopes] };
    const { data, error } = await client.mutation(CREATE, variables).toPromise();
    const refusals = data?.createApiToken.userErrors.map(({ message }) => message).join(" ");
    setProblem(error ? (error.graphQLErrors[0]?.message ?? "The server cannot be reached.") : (refusals ?? ""));
    setToken(data?.createApiToken.token ?? null);
    done();
  };
  return (
    <>
      <form class="inline-form" onSubmit={(event) => void submit(event)}>
        <label>
          Name
          <input name="name" required maxlength={100} />
        </label>
        <label class="check">
          <input name="write" type="checkbox" checked /> may change things
        </label>
        <button>Create token</button>
        <span class="problem" role="alert">
          {problem}
        </span>
      </form>
      {token && (
        <p class="notice" role="status">
          Copy this token now, it is not shown again: <code>{token}</code>
        </p>
      )}
    </>
  );
}
