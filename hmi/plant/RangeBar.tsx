import { useMemo } from 'preact/hooks';
import { placeOf, scaleOf } from './scale.ts';
import type { TagView } from './tags.ts';

const share = (part: number): string => `${(part * 100).toFixed(2)}%`;

/** The normal range as a band, alarm limits as ticks, the value as a pointer (rule L6). A picture of what is in words beside it. */
export function RangeBar({ tag, value }: { tag: TagView; value: number | null }) {
  const scale = useMemo(() => scaleOf(tag), [tag]);
  if (scale === null) return <span class="range-bar" data-empty="true" aria-hidden="true" />;
  const { normal } = tag.limits;
  const isOutside = normal !== null && value !== null && (value < normal[0] || value > normal[1]);

  return (
    <span class="range-bar" data-outside={isOutside} aria-hidden="true">
      {normal === null ? null : (
        <span
          class="normal"
          style={{ left: share(placeOf(scale, normal[0])), right: share(1 - placeOf(scale, normal[1])) }}
        />
      )}
      {tag.alarmLimits.map(({ kind, limit }) => (
        <span key={`${kind} ${limit}`} class="tick" style={{ left: share(placeOf(scale, limit)) }} />
      ))}
      {value === null ? null : <span class="pointer" style={{ left: share(placeOf(scale, value)) }} />}
    </span>
  );
}
