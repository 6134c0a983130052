import { useMemo } from 'react'
import { useText } from '../../i18n'
import { useTheme } from '../../theme/ThemeProvider'
import type { Words } from './options'
import { STATES } from './states'

/** Colours and words for the drawings. */
export function useLook() {
  const t = useText()
  const { palette } = useTheme()
  return useMemo(() => {
    const words: Words = {
      trial: (number) => t('sweeps.trialNumber', { number }),
      state: (trial) => t(STATES[trial.state].word),
      best: t('sweeps.bestSoFar'),
      target: t('sweeps.target'),
    }
    return { palette, words }
  }, [t, palette])
}
