import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Router } from "wouter-preact";

import { usePageLocation, usePageSearch } from "./address.ts";
import { connect, status, user } from "./client.ts";
import { forgetDeletions } from "./deletions.ts";
import { type Api, ApiContext, Changes } from "./live.ts";
import { RestoringPage } from "./pages/restoring.tsx";
import { SignInAgain, SignInPage } from "./pages/sign-in.tsx";
import { Pages } from "./routes.tsx";
import { Shell } from "./shell.tsx";
import { PageGuard } from "./ui/guard.tsx";

/** The dashboard. The page that is shown is in the fragment of the address, so signing in again leads back to it. If the
 * server has ended the session, the page is kept, hidden, for the same user: what they have typed is still there then. */
export function App(): JSX.Element {
  const kept = useRef<typeof user.value>(null);
  const current = status.value;
  if (current === "signed out") kept.current = null;
  else kept.current = user.value ?? kept.current;
  return (
    <Router hook={usePageLocation} searchHook={usePageSearch}>
      {kept.current && (
        <div hidden={user.value === null}>
          <Dashboard key={kept.current.id} />
        </div>
      )}
      {current === "restoring" && <RestoringPage />}
      {current === "signed out" && <SignInPage />}
      {current === "ended" && <SignInAgain email={kept.current?.email ?? ""} />}
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
      forgetDeletions();
      changes.close();
      close();
    };
  }, []);
  return (
    api && (
      <ApiContext.Provider value={api}>
        <Shell>
          <PageGuard>
            <Pages />
          </PageGuard>
        </Shell>
      </ApiContext.Provider>
    )
  );
}
