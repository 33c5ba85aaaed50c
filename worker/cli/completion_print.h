/*
 * The three scripts of `usher completion`, to standard output.
 */
#pragma once

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);
