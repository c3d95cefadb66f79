import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Router } from "wouter-preact";

import { usePageLocation, usePageSearch } from "./address.ts";
import { connect, userEmail } from "./client.ts";
import { type Api, ApiContext, Changes } from "./live.ts";
import { SignInPage } from "./pages/sign-in.tsx";
import { Pages } from "./routes.tsx";
import { Shell } from "./shell.tsx";

/** The dashboard. The page that is shown is in the fragment of the address, so signing in again leads back to it. */
export function App(): JSX.Element {
  const email = userEmail.value;
  return (
    <Router hook={usePageLocation} searchHook={usePageSearch}>
      {email === null ? <SignInPage /> : <Dashboard key={email} />}
    </Router>
  );
}

function Dashboard(): JSX.Element | null {
  const [api, setApi] = useState<Api | null>(null);
  useEffect(() => {
    const { client, close } = connect();
    const changes = new Changes(client);
    setApi({ client, changes });
    return () => {
      changes.close();
      close();
    };
  }, []);
  return (
    api && (
      <ApiContext.Provider value={api}>
        <Shell>
          <Pages />
        </Shell>
      </ApiContext.Provider>
    )
  );
}
