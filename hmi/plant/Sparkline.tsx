import { useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { serverNow } from '../clock.ts';
import { reading } from '../live.ts';
import { statusOf } from '../quality.ts';
import { extend, spark, sparkPath } from './spark.ts';
import type { TagView } from './tags.ts';

const FRAME = { width: 100, height: 30 };

/** The last half hour beside a value. Drawn anew only when a bucket changes, not with each reading. */
export function Sparkline({ tag }: { tag: TagView }) {
  const calm = useMemo(() => calmSpan(tag), [tag]);
  useSignalEffect(() => {
    const latest = reading(tag.id).value;
    if (typeof latest?.value !== 'number' || statusOf(latest.quality) === 'bad') return;
    const buckets = spark(tag.id);
    buckets.value = extend(buckets.peek(), latest.at, latest.value);
  });
  return (
    <svg
      class="sparkline"
      viewBox={`0 -1 ${FRAME.width} ${FRAME.height + 2}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path
        d={sparkPath(spark(tag.id).value, serverNow(), { ...FRAME, calm })}
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}

/** The middle half of the normal range. */
function calmSpan({ limits: { normal } }: TagView): { low: number; high: number } | null {
  if (normal === null) return null;
  const quarter = (normal[1] - normal[0]) / 4;
  return { low: normal[0] + quarter, high: normal[1] - quarter };
}
