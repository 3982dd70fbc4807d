import { render } from "preact";
import { App } from "./app.js";
import { openSession } from "./state/session.js";
import { followStream } from "./state/stream.js";

/** Shows the page in the shell that the server sent. */
export function openPage(): void {
  const root = document.getElementById("app");
  if (root === null) return;
  void openSession();
  followStream();
  render(<App />, root);
}
