/** Problems in words; nothing if there are none. */
export function ProblemList({ problems }: { readonly problems: readonly string[] }) {
  if (problems.length === 0) return null;
  return (
    <ul class="problems">
      {problems.map((problem) => (
        <li key={problem}>
          <bdi>{problem}</bdi>
        </li>
      ))}
    </ul>
  );
}
