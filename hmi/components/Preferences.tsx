import { type Language, language, languages, speak, t } from '../locale.ts';
import { theme, type Theme, themes, wear } from '../theme.ts';

export function Preferences() {
  return (
    <div class="preferences">
      <label>
        <span class="unseen">{t('preferences.language')}</span>
        <select
          value={language.value}
          onChange={(event) => void speak(event.currentTarget.value as Language)}
        >
          {Object.entries(languages).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">{t('preferences.theme')}</span>
        <select value={theme.value} onChange={(event) => wear(event.currentTarget.value as Theme)}>
          {themes.map((name) => (
            <option key={name} value={name}>
              {t(`theme.${name}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
