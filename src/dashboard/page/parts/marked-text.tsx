/** Text of the package's own, in which names of code stand between backticks. */
export function MarkedText({ text }: { readonly text: string }) {
  return <>{text.split("`").map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
