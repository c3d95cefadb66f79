import "graphiql/style.css";
import "../common.css";
import "./playground.css";

import { GraphiQL } from "graphiql";
import { setNonce } from "get-nonce";
import { type ReactNode, useEffect, useMemo, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";

import icon from "../icon.svg";
import { SessionStore } from "../session.ts";
import { requestIn } from "./address.ts";
import { connect } from "./connection.ts";
import { EXAMPLES_PANEL } from "./examples-panel.tsx";
import { SignIn } from "./sign-in.tsx";
import { storage } from "./storage.ts";

const PLUGINS = [EXAMPLES_PANEL];
const REQUEST = requestIn(location);
const WELCOME = `# Write an operation, or open an example with the book icon on the left.
# Ctrl-Space completes, Ctrl-Enter runs.
{
  viewer {
    email
  }
}
`;

function Playground({ store }: { store: SessionStore }): ReactNode {
  const session = useSyncExternalStore(store.subscribe, store.current);
  const status = useSyncExternalStore(store.subscribe, store.status);
  const email = session?.user.email;
  // Reconnect when the user changes, so that GraphiQL reloads the schema and no subscription outlives its user.
  const connection = useMemo(() => connect(store), [store, email]);
  useEffect(() => connection.close, [connection]);
  return (
    <>
      <header className="strip">
        <img src={icon} alt="" width="22" height="22" />
        <h1>Tocsin playground</h1>
        {email !== undefined && <SignedIn email={email} store={store} />}
        {email === undefined && status !== "restoring" && <SignIn store={store} />}
      </header>
      <GraphiQL
        fetcher={connection.fetcher}
        plugins={PLUGINS}
        storage={storage}
        defaultQuery={WELCOME}
        {...REQUEST}
        defaultEditorToolsVisibility="variables"
        shouldPersistHeaders={false}
      >
        <GraphiQL.Logo>
          <span />
        </GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

function SignedIn({ email, store }: { email: string; store: SessionStore }): ReactNode {
  return (
    <>
      <span className="who">{email}</span>
      <button type="button" onClick={() => void store.logOut()}>
        Sign out
      </button>
    </>
  );
}

const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
if (nonce) setNonce(nonce);
const store = new SessionStore();
store.restore();
createRoot(document.getElementById("app")!).render(<Playground store={store} />);
