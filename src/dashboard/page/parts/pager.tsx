interface Props {
  /** The number of the page, from 1. */
  readonly page: number;
  readonly hasNext: boolean;
  readonly onPrevious: () => void;
  readonly onNext: () => void;
}

/** Goes through pages; nothing where there is only one. */
export function Pager({ page, hasNext, onPrevious, onNext }: Props) {
  if (page === 1 && !hasNext) return null;
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" class="button small" disabled={page === 1} onClick={onPrevious}>
        Newer
      </button>
      <span role="status">Page {page}</span>
      <button type="button" class="button small" disabled={!hasNext} onClick={onNext}>
        Older
      </button>
    </nav>
  );
}
