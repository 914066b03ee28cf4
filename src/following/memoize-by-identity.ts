/**
 * Makes a value once for each object, by its identity, and keeps it for as long as the object exists.
 * @param make its result must depend on the first argument alone; the others must follow from it
 */
export function memoizeByIdentity<K extends object, V, More extends unknown[] = []>(
  make: (from: K, ...more: More) => V,
): (from: K, ...more: More) => V {
  const made = new WeakMap<K, { value: V }>();
  return (from, ...more) => {
    const known = made.get(from);
    if (known !== undefined) return known.value;
    const value = make(from, ...more);
    made.set(from, { value });
    return value;
  };
}
