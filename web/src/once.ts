/** Makes something at its first use: objects of `Intl` take milliseconds to make. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
