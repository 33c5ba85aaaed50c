#pragma once
// /sandbox/...: what tests and people tell and ask the sandbox itself. No token is needed.
// README.md has all of it.

#include "tests/sandbox/call.h"

void control_health(struct sandbox *sandbox, struct call *call);
void control_ledger(struct sandbox *sandbox, struct call *call);
void control_ledger_clear(struct sandbox *sandbox, struct call *call);
void control_faults(struct sandbox *sandbox, struct call *call);
void control_faults_add(struct sandbox *sandbox, struct call *call);
void control_faults_clear(struct sandbox *sandbox, struct call *call);
void control_settings(struct sandbox *sandbox, struct call *call);
void control_settings_change(struct sandbox *sandbox, struct call *call);
void control_state(struct sandbox *sandbox, struct call *call);
void control_state_add(struct sandbox *sandbox, struct call *call);
void control_state_clear(struct sandbox *sandbox, struct call *call);
void control_lives_add(struct sandbox *sandbox, struct call *call);
void control_tokens_revoke(struct sandbox *sandbox, struct call *call);
