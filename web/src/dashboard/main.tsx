import "../common.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/forms.css";

import { render } from "preact";

import { App } from "./app.tsx";
import { restoreSession } from "./client.ts";

restoreSession();
render(<App />, document.getElementById("app") as HTMLElement);
