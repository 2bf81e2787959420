/** Names and their values, in columns where there is room. */
export function Facts({ of }: { of: readonly (readonly [string, string])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, text]) => (
        <div key={name + text}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
