import { href } from "../state/route.js";

/** A reference id, with a link to why the visitor was refused. */
export function ReferenceLink({ id }: { readonly id: string }) {
  if (id === "") return <span class="soft">–</span>;
  return (
    <a class="mono" href={href("reference", id)}>
      <bdi>{id}</bdi>
    </a>
  );
}
