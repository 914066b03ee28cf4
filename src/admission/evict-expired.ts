/** Removes the oldest entries of a map, up to the first that has not expired. The newest must be last. */
export function evictExpired<K, V>(map: Map<K, V>, isExpired: (value: V) => boolean): void {
  for (const [key, value] of map) {
    if (!isExpired(value)) return;
    map.delete(key);
  }
}
