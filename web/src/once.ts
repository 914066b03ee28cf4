/** Makes something with its first use: what `Intl` offers takes milliseconds to make. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
