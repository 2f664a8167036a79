# ruff: noqa: C901, E501, F401, PLR0912, PLR0915

"""The first shape of the database; written by ``python -m server.migrations.regenerate``."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('access_audit',
    sa.Column('sequence', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('action', sa.String(length=80), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('sequence')
    )
    op.create_index(op.f('ix_access_audit_actor'), 'access_audit', ['actor'], unique=False)
    op.create_index(op.f('ix_access_audit_at'), 'access_audit', ['at'], unique=False)
    op.create_table('access_display',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('shows', sa.String(length=40), nullable=False),
    sa.Column('language', sa.String(length=10), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('token_hash')
    )
    op.create_table('access_key',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_access_key_source'), 'access_key', ['source'], unique=False)
    op.create_table('access_recovery_code',
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=36), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('code_hash')
    )
    op.create_index(op.f('ix_access_recovery_code_user_id'), 'access_recovery_code', ['user_id'], unique=False)
    op.create_table('access_second_factor',
    sa.Column('user_id', sa.String(length=36), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('confirmed_at', sa.BigInteger(), nullable=False),
    sa.Column('last_step', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('user_id')
    )
    op.create_table('access_server_key',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('access_session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=36), nullable=False),
    sa.Column('csrf_token', sa.String(length=64), nullable=False),
    sa.Column('is_proven', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('token_hash')
    )
    op.create_index(op.f('ix_access_session_user_id'), 'access_session', ['user_id'], unique=False)
    op.create_table('access_user',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('display_name', sa.String(length=200), nullable=False),
    sa.Column('password_hash', sa.String(length=300), nullable=False),
    sa.Column('roles', sa.String(length=400), nullable=False),
    sa.Column('language', sa.String(length=10), nullable=False),
    sa.Column('staff', sa.String(length=200), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('must_change_password', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name')
    )
    op.create_table('assets_agreement',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('ends_on', sa.String(length=10), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_agreement_ends_on'), 'assets_agreement', ['ends_on'], unique=False)
    op.create_index(op.f('ix_assets_agreement_kind'), 'assets_agreement', ['kind'], unique=False)
    op.create_table('assets_agreement_asset',
    sa.Column('agreement', sa.String(length=100), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('agreement', 'asset')
    )
    op.create_index(op.f('ix_assets_agreement_asset_asset'), 'assets_agreement_asset', ['asset'], unique=False)
    op.create_table('assets_alternative',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('model', sa.String(length=200), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('began_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_alternative_is_active'), 'assets_alternative', ['is_active'], unique=False)
    op.create_index(op.f('ix_assets_alternative_model'), 'assets_alternative', ['model'], unique=False)
    op.create_table('assets_assembly',
    sa.Column('set_instance', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('set_instance', 'at')
    )
    op.create_table('assets_asset',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('control_no', sa.String(length=100), nullable=False),
    sa.Column('category', sa.String(length=100), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('model', sa.String(length=200), nullable=False),
    sa.Column('manufacturer', sa.String(length=200), nullable=False),
    sa.Column('serial', sa.String(length=100), nullable=False),
    sa.Column('gtin', sa.String(length=20), nullable=False),
    sa.Column('home', sa.String(length=100), nullable=False),
    sa.Column('pool', sa.String(length=100), nullable=False),
    sa.Column('parent', sa.String(length=100), nullable=False),
    sa.Column('may_leave', sa.Boolean(), nullable=False),
    sa.Column('operational', sa.String(length=30), nullable=False),
    sa.Column('reprocessing', sa.String(length=30), nullable=False),
    sa.Column('custody', sa.String(length=30), nullable=False),
    sa.Column('compliance', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(length=30), nullable=False),
    sa.Column('is_usable', sa.Boolean(), nullable=False),
    sa.Column('reasons', sa.String(length=1000), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('registered_at', sa.BigInteger(), nullable=False),
    sa.Column('entry_at', sa.BigInteger(), nullable=False),
    sa.Column('retired_at', sa.BigInteger(), nullable=False),
    sa.Column('readiness_at', sa.BigInteger(), nullable=False),
    sa.Column('status_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('control_no')
    )
    op.create_index('assets_asset_find', 'assets_asset', ['category', 'is_usable'], unique=False)
    op.create_index('assets_asset_plate', 'assets_asset', ['manufacturer', 'model', 'serial'], unique=False)
    op.create_index(op.f('ix_assets_asset_gtin'), 'assets_asset', ['gtin'], unique=False)
    op.create_index(op.f('ix_assets_asset_parent'), 'assets_asset', ['parent'], unique=False)
    op.create_index(op.f('ix_assets_asset_pool'), 'assets_asset', ['pool'], unique=False)
    op.create_table('assets_custody',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('start_at', sa.BigInteger(), nullable=False),
    sa.Column('custodian', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('is_reservation', sa.Boolean(), nullable=False),
    sa.Column('end_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('asset', 'start_at')
    )
    op.create_index('assets_custody_open', 'assets_custody', ['asset'], unique=True, sqlite_where=sa.text('end_at = 0'), postgresql_where=sa.text('end_at = 0'))
    op.create_index(op.f('ix_assets_custody_custodian'), 'assets_custody', ['custodian'], unique=False)
    op.create_table('assets_cycle',
    sa.Column('id', sa.String(length=200), nullable=False),
    sa.Column('machine', sa.String(length=100), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('programme', sa.String(length=100), nullable=False),
    sa.Column('start_at', sa.BigInteger(), nullable=False),
    sa.Column('end_at', sa.BigInteger(), nullable=False),
    sa.Column('verdict', sa.String(length=20), nullable=False),
    sa.Column('input_hash', sa.String(length=64), nullable=False),
    sa.Column('is_manual', sa.Boolean(), nullable=False),
    sa.Column('printout', sa.Text(), nullable=False),
    sa.Column('standing', sa.Text(), nullable=False),
    sa.Column('judgement', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('assets_cycle_machine', 'assets_cycle', ['machine', 'start_at', 'id', 'end_at'], unique=False)
    op.create_index(op.f('ix_assets_cycle_end_at'), 'assets_cycle', ['end_at'], unique=False)
    op.create_table('assets_document',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=60), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_at', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('assets_document_subject', 'assets_document', ['subject', 'at'], unique=False)
    op.create_table('assets_downtime',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('start_at', sa.BigInteger(), nullable=False),
    sa.Column('end_at', sa.BigInteger(), nullable=False),
    sa.Column('work_order', sa.String(length=100), nullable=False),
    sa.Column('failure_code', sa.String(length=60), nullable=False),
    sa.PrimaryKeyConstraint('asset', 'start_at')
    )
    op.create_table('assets_drift_alert',
    sa.Column('watch', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('work_order', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('watch', 'at')
    )
    op.create_index(op.f('ix_assets_drift_alert_work_order'), 'assets_drift_alert', ['work_order'], unique=False)
    op.create_table('assets_drift_point',
    sa.Column('watch', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('watch', 'at')
    )
    op.create_table('assets_drift_watch',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('read_until', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_drift_watch_asset'), 'assets_drift_watch', ['asset'], unique=False)
    op.create_table('assets_follow',
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('assets_identifier',
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'value')
    )
    op.create_index(op.f('ix_assets_identifier_asset'), 'assets_identifier', ['asset'], unique=False)
    op.create_table('assets_incident',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('is_open', sa.Boolean(), nullable=False),
    sa.Column('aware_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_incident_asset'), 'assets_incident', ['asset'], unique=False)
    op.create_index(op.f('ix_assets_incident_due_at'), 'assets_incident', ['due_at'], unique=False)
    op.create_index(op.f('ix_assets_incident_is_open'), 'assets_incident', ['is_open'], unique=False)
    op.create_table('assets_indicator',
    sa.Column('cycle', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('is_passed', sa.Boolean(), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('cycle', 'kind', 'name')
    )
    op.create_table('assets_instrument',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=100), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('most_cycles', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_instrument_kind'), 'assets_instrument', ['kind'], unique=False)
    op.create_table('assets_instrument_fault',
    sa.Column('instrument', sa.String(length=100), nullable=False),
    sa.Column('found_at', sa.BigInteger(), nullable=False),
    sa.Column('since_at', sa.BigInteger(), nullable=False),
    sa.Column('mended_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('instrument', 'found_at')
    )
    op.create_index('assets_instrument_fault_open', 'assets_instrument_fault', ['instrument'], unique=True, sqlite_where=sa.text('mended_at = 0'), postgresql_where=sa.text('mended_at = 0'))
    op.create_table('assets_life_step',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('before', sa.String(length=30), nullable=False),
    sa.Column('after', sa.String(length=30), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('asset', 'at')
    )
    op.create_table('assets_limits',
    sa.Column('of', sa.String(length=20), nullable=False),
    sa.Column('set_at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('of')
    )
    op.create_table('assets_load',
    sa.Column('id', sa.String(length=200), nullable=False),
    sa.Column('machine', sa.String(length=100), nullable=False),
    sa.Column('cycle', sa.String(length=200), nullable=False),
    sa.Column('place', sa.String(length=100), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_at', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_load_cycle'), 'assets_load', ['cycle'], unique=False)
    op.create_index(op.f('ix_assets_load_machine'), 'assets_load', ['machine'], unique=False)
    op.create_index(op.f('ix_assets_load_state'), 'assets_load', ['state'], unique=False)
    op.create_table('assets_load_item',
    sa.Column('load', sa.String(length=200), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('set_instance', sa.String(length=100), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('gtin', sa.String(length=20), nullable=False),
    sa.Column('lot', sa.String(length=60), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('shelf_life_s', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('is_implant', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('load', 'position')
    )
    op.create_index(op.f('ix_assets_load_item_asset'), 'assets_load_item', ['asset'], unique=False)
    op.create_index(op.f('ix_assets_load_item_lot'), 'assets_load_item', ['lot'], unique=False)
    op.create_index(op.f('ix_assets_load_item_set_instance'), 'assets_load_item', ['set_instance'], unique=False)
    op.create_table('assets_machine',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('device', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('detection', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('device')
    )
    op.create_table('assets_machine_test',
    sa.Column('machine', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('valid_until', sa.BigInteger(), nullable=False),
    sa.Column('is_passed', sa.Boolean(), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('machine', 'kind', 'at')
    )
    op.create_table('assets_measurement',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('instrument', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('is_passed', sa.Boolean(), nullable=False),
    sa.Column('is_flagged', sa.Boolean(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_measurement_asset'), 'assets_measurement', ['asset'], unique=False)
    op.create_index(op.f('ix_assets_measurement_at'), 'assets_measurement', ['at'], unique=False)
    op.create_index(op.f('ix_assets_measurement_instrument'), 'assets_measurement', ['instrument'], unique=False)
    op.create_table('assets_meter_reading',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('meter', sa.String(length=40), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.Column('rollover_at', sa.Float(), nullable=True),
    sa.Column('is_reset', sa.Boolean(), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('asset', 'meter', 'at')
    )
    op.create_table('assets_model',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('category', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_model_category'), 'assets_model', ['category'], unique=False)
    op.create_table('assets_notice',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('is_open', sa.Boolean(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_notice_is_open'), 'assets_notice', ['is_open'], unique=False)
    op.create_table('assets_notice_match',
    sa.Column('notice', sa.String(length=100), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('certainty', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('evidence', sa.String(length=1000), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('matched_at', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('notice', 'asset')
    )
    op.create_index(op.f('ix_assets_notice_match_asset'), 'assets_notice_match', ['asset'], unique=False)
    op.create_index(op.f('ix_assets_notice_match_state'), 'assets_notice_match', ['state'], unique=False)
    op.create_table('assets_permit',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('start_at', sa.BigInteger(), nullable=False),
    sa.Column('end_at', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('asset', 'start_at')
    )
    op.create_table('assets_programme',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('assets_records_since',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('since_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('asset')
    )
    op.create_table('assets_relation',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('other', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('asset', 'other', 'kind')
    )
    op.create_index(op.f('ix_assets_relation_other'), 'assets_relation', ['other'], unique=False)
    op.create_table('assets_replacement_case',
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('category', sa.String(length=100), nullable=False),
    sa.Column('score', sa.Float(), nullable=False),
    sa.Column('counted_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('asset')
    )
    op.create_index('assets_replacement_case_by_score', 'assets_replacement_case', ['score', 'asset'], unique=False)
    op.create_index(op.f('ix_assets_replacement_case_counted_at'), 'assets_replacement_case', ['counted_at'], unique=False)
    op.create_table('assets_reprocess_step',
    sa.Column('subject', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('step', sa.String(length=30), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'at', 'step')
    )
    op.create_table('assets_rule',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('since', sa.String(length=10), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_assets_rule_asset'), 'assets_rule', ['asset'], unique=False)
    op.create_table('assets_scenario',
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('saved_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('assets_set_content',
    sa.Column('instrument', sa.String(length=100), nullable=False),
    sa.Column('start_at', sa.BigInteger(), nullable=False),
    sa.Column('set_instance', sa.String(length=100), nullable=False),
    sa.Column('end_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('instrument', 'start_at')
    )
    op.create_index('assets_set_content_open', 'assets_set_content', ['instrument'], unique=True, sqlite_where=sa.text('end_at = 0'), postgresql_where=sa.text('end_at = 0'))
    op.create_index('assets_set_content_set', 'assets_set_content', ['set_instance', 'start_at'], unique=False)
    op.create_table('assets_set_type',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('assets_set_use',
    sa.Column('set_instance', sa.String(length=100), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('case_id', sa.String(length=100), nullable=False),
    sa.Column('cycle', sa.String(length=200), nullable=False),
    sa.Column('flags', sa.String(length=300), nullable=False),
    sa.PrimaryKeyConstraint('set_instance', 'at', 'case_id')
    )
    op.create_index(op.f('ix_assets_set_use_cycle'), 'assets_set_use', ['cycle'], unique=False)
    op.create_table('assets_signature',
    sa.Column('load', sa.String(length=200), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=100), nullable=False),
    sa.Column('meaning', sa.String(length=20), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('input_hash', sa.String(length=64), nullable=False),
    sa.Column('note', sa.String(length=1000), nullable=False),
    sa.PrimaryKeyConstraint('load', 'position')
    )
    op.create_table('assets_template',
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('category', sa.String(length=100), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'category')
    )
    op.create_table('assets_term',
    sa.Column('system', sa.String(length=20), nullable=False),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('term', sa.String(length=500), nullable=False),
    sa.Column('parent', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('system', 'version', 'code')
    )
    op.create_table('assets_work_order',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('dedupe_key', sa.String(length=200), nullable=False),
    sa.Column('asset', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=False),
    sa.Column('rule', sa.String(length=100), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('dedupe_key')
    )
    op.create_index('assets_work_order_asset', 'assets_work_order', ['asset', 'state'], unique=False)
    op.create_index(op.f('ix_assets_work_order_due_at'), 'assets_work_order', ['due_at'], unique=False)
    op.create_index(op.f('ix_assets_work_order_rule'), 'assets_work_order', ['rule'], unique=False)
    op.create_index(op.f('ix_assets_work_order_state'), 'assets_work_order', ['state'], unique=False)
    op.create_table('door_idempotency',
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('request_hash', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('process', sa.String(length=36), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('headers', sa.String(length=1000), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('actor', 'key')
    )
    op.create_index(op.f('ix_door_idempotency_created_at'), 'door_idempotency', ['created_at'], unique=False)
    op.create_table('events',
    sa.Column('sequence', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('id', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('thing', sa.Text(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('source_key', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('sequence'),
    sa.UniqueConstraint('source', 'source_key', name='uq_events_source')
    )
    op.create_index('ix_events_binding', 'events', ['thing', 'occurred_at'], unique=False, sqlite_where=sa.text("type IN ('TagBound', 'TagUnbound')"), postgresql_where=sa.text("type IN ('TagBound', 'TagUnbound')"))
    op.create_index('uq_events_id', 'events', ['id'], unique=True)
    op.create_table('events_by_thing',
    sa.Column('thing', sa.Text(), nullable=False),
    sa.Column('first', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.Column('from_at', sa.BigInteger(), nullable=False),
    sa.Column('to_at', sa.BigInteger(), nullable=False),
    sa.Column('positions', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('thing', 'first'),
    comment='index of events by thing, written in large steps behind the writer: see twin.ledger.by_thing',
    sqlite_with_rowid=False
    )
    op.create_table('events_indexed',
    sa.Column('up_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('up_to'),
    comment='one row: the last event that events_by_thing holds'
    )
    op.create_table('events_pruning',
    sa.Column('up_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('up_to'),
    comment='holds a row only inside the transaction that prunes archived events'
    )
    op.create_table('gateway_mark',
    sa.Column('gateway', sa.String(length=128), nullable=False),
    sa.Column('boot', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('gateway', 'boot')
    )
    op.create_table('gateway_settings',
    sa.Column('gateway', sa.String(length=128), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('stage', sa.String(length=20), nullable=False),
    sa.Column('note', sa.String(length=400), nullable=False),
    sa.Column('author', sa.String(length=64), nullable=False),
    sa.Column('problem', sa.String(length=400), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('staged_at', sa.BigInteger(), nullable=False),
    sa.Column('settled_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('gateway', 'version')
    )
    op.create_table('history_checkpoints',
    sa.Column('at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('at')
    )
    op.create_table('history_intervals',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('facet', sa.Text(), nullable=False),
    sa.Column('thing', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('from_at', sa.BigInteger(), nullable=False),
    sa.Column('to_at', sa.BigInteger(), nullable=False),
    sa.Column('said_at', sa.BigInteger(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('known_from', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='holds for from_at <= t < to_at by what is known now; corrected rows have to_at = from_at'
    )
    op.create_index('ix_history_from', 'history_intervals', ['from_at'], unique=False)
    op.create_index('ix_history_thing', 'history_intervals', ['thing', 'facet', 'from_at'], unique=False)
    op.create_index('ix_history_value', 'history_intervals', ['facet', 'value', 'from_at'], unique=False)
    op.create_table('history_links',
    sa.Column('encounter', sa.Text(), nullable=False),
    sa.Column('other', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('encounter', 'other'),
    comment='encounters that a swap or merge joins, in both directions'
    )
    op.create_table('interop_account',
    sa.Column('account', sa.Text(), nullable=False, comment='pseudonym of PID-18'),
    sa.Column('visit', sa.Text(), nullable=False, comment='pseudonym of the PV1-19 that was last named beside it'),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account')
    )
    op.create_table('interop_capture',
    sa.Column('capture_id', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('finished_at', sa.BigInteger(), nullable=False),
    sa.Column('is_success', sa.Integer(), nullable=False),
    sa.Column('behaviour', sa.Text(), nullable=False),
    sa.Column('errors', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('capture_id')
    )
    op.create_table('interop_enrolment',
    sa.Column('source', sa.Text(), nullable=False, comment='who wants to be told'),
    sa.Column('tag', sa.Text(), nullable=False),
    sa.Column('enrolled_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'tag')
    )
    op.create_table('interop_epcis_event',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('event_at', sa.BigInteger(), nullable=False),
    sa.Column('record_at', sa.BigInteger(), nullable=False),
    sa.Column('capture_id', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('declares', sa.Integer(), nullable=False, comment='1 if it declares an error'),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('context', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('number')
    )
    op.create_index(op.f('ix_interop_epcis_event_capture_id'), 'interop_epcis_event', ['capture_id'], unique=False)
    op.create_index(op.f('ix_interop_epcis_event_event_at'), 'interop_epcis_event', ['event_at'], unique=False)
    op.create_index(op.f('ix_interop_epcis_event_event_id'), 'interop_epcis_event', ['event_id'], unique=False)
    op.create_index(op.f('ix_interop_epcis_event_hash'), 'interop_epcis_event', ['hash'], unique=False)
    op.create_index(op.f('ix_interop_epcis_event_record_at'), 'interop_epcis_event', ['record_at'], unique=False)
    op.create_table('interop_epcis_query',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('query', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('interop_epcis_term',
    sa.Column('field', sa.Text(), nullable=False, comment='what a query may ask for, such as bizStep, epc, readPoint'),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('field', 'value', 'number')
    )
    op.create_index('ix_interop_epcis_term_number', 'interop_epcis_term', ['number'], unique=False)
    op.create_table('interop_fhir_resource',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('is_last', sa.Integer(), nullable=False),
    sa.Column('is_deleted', sa.Integer(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('persons', sa.Text(), nullable=False, comment='pseudonyms whose keys close the body, outermost last'),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('number')
    )
    op.create_index('ix_interop_fhir_resource_key', 'interop_fhir_resource', ['type', 'id', 'version'], unique=True)
    op.create_index('ix_interop_fhir_resource_last', 'interop_fhir_resource', ['type', 'is_last', 'id'], unique=False)
    op.create_table('interop_fhir_term',
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False, comment='search parameter'),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('type', 'field', 'value', 'number')
    )
    op.create_index('ix_interop_fhir_term_number', 'interop_fhir_term', ['number'], unique=False)
    op.create_table('interop_item_proposal',
    sa.Column('source', sa.Text(), nullable=False, comment='whose item master'),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('maker', sa.Text(), nullable=False),
    sa.Column('catalogue_number', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False, comment='MFE-1: MAD, MUP, MDC, MAC or MDL'),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False, comment='open, accepted or declined'),
    sa.Column('decided_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'code')
    )
    op.create_table('interop_link',
    sa.Column('encounter', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('encounter')
    )
    op.create_index(op.f('ix_interop_link_person'), 'interop_link', ['person'], unique=False)
    op.create_table('interop_message',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('key', sa.Text(), nullable=False, comment='of (MSH-3, MSH-4, MSH-10)'),
    sa.Column('content', sa.Text(), nullable=False, comment='keyed hash of all after MSH'),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('trigger_event', sa.Text(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('notes', sa.Text(), nullable=False),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.Column('events', sa.Integer(), nullable=False),
    sa.Column('persons', sa.Text(), nullable=False, comment='pseudonyms whose keys close the body, outermost last'),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('duplicates', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('number'),
    sa.UniqueConstraint('key')
    )
    op.create_index('ix_interop_message_outcome', 'interop_message', ['outcome', 'number'], unique=False)
    op.create_index('ix_interop_message_source', 'interop_message', ['source', 'received_at'], unique=False)
    op.create_table('interop_person',
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('wrapped_key', sa.LargeBinary(), nullable=False, comment='empty once erased'),
    sa.Column('identity', sa.LargeBinary(), nullable=False),
    sa.Column('merged_into', sa.Text(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.Column('erased_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('person')
    )
    op.create_index(op.f('ix_interop_person_merged_into'), 'interop_person', ['merged_into'], unique=False)
    op.create_table('interop_place_name',
    sa.Column('source', sa.Text(), nullable=False, comment='who speaks'),
    sa.Column('name', sa.Text(), nullable=False, comment='as the sender names the place'),
    sa.Column('place', sa.Text(), nullable=False, comment='what a person said that it is; empty until then'),
    sa.Column('taken_as', sa.Text(), nullable=False, comment='room or ward that was taken instead; empty if none was'),
    sa.Column('seen', sa.Integer(), nullable=False, comment='messages that named it before it was matched'),
    sa.Column('first_at', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('set_at', sa.BigInteger(), nullable=False),
    sa.Column('set_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'name')
    )
    op.create_table('interop_reveal',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('encounter', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('act', sa.Text(), nullable=False, comment='reveal or erase'),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('number')
    )
    op.create_index(op.f('ix_interop_reveal_encounter'), 'interop_reveal', ['encounter'], unique=False)
    op.create_table('interop_stock_figure',
    sa.Column('source', sa.Text(), nullable=False, comment='who counts'),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('item', sa.Text(), nullable=False),
    sa.Column('lot', sa.Text(), nullable=False, comment='empty where lots are not told'),
    sa.Column('quantity', sa.BigInteger(), nullable=False, comment='base units, as told'),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'place', 'item', 'lot')
    )
    op.create_table('interop_subscription',
    sa.Column('subscription_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False, comment='epcis, fhir, rtls or memls'),
    sa.Column('topic', sa.Text(), nullable=False, comment='name of the query or topic'),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False, comment='last number that was delivered'),
    sa.Column('sent', sa.Integer(), nullable=False, comment='notifications since it began, for gap detection'),
    sa.Column('state', sa.Text(), nullable=False, comment='active, error or off'),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.Column('next_at', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('subscription_id')
    )
    op.create_index(op.f('ix_interop_subscription_topic'), 'interop_subscription', ['topic'], unique=False)
    op.create_table('interop_told',
    sa.Column('subscription_id', sa.Text(), nullable=False, comment='of FHIR, with a filter'),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False, comment="of the notification's event"),
    sa.Column('sequence', sa.BigInteger(), nullable=False, comment="of the ledger's event"),
    sa.Column('thing', sa.Text(), nullable=False, comment='which of the things that the event is about'),
    sa.PrimaryKeyConstraint('subscription_id', 'number')
    )
    op.create_table('inventory_back_order',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=False),
    sa.Column('task', sa.String(), nullable=False),
    sa.CheckConstraint('quantity >= 1', name='inventory_back_order_of_something'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('inventory_back_order_by_item', 'inventory_back_order', ['item', 'state'], unique=False)
    op.create_table('inventory_balance',
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('lot', sa.String(), nullable=False),
    sa.Column('owner', sa.String(), nullable=False),
    sa.Column('on_hand', sa.BigInteger(), nullable=False),
    sa.Column('reserved', sa.BigInteger(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('on_hand >= 0', name='inventory_balance_never_negative'),
    sa.CheckConstraint('reserved >= 0 AND reserved <= on_hand', name='inventory_balance_reserved_within'),
    sa.PrimaryKeyConstraint('place', 'item', 'lot', 'owner'),
    sqlite_with_rowid=False
    )
    op.create_index('inventory_balance_by_item', 'inventory_balance', ['item', 'place'], unique=False)
    op.create_index('inventory_balance_by_lot', 'inventory_balance', ['lot'], unique=False)
    op.create_table('inventory_billed',
    sa.Column('movement', sa.String(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('movement', 'seq')
    )
    op.create_index(op.f('ix_inventory_billed_order_id'), 'inventory_billed', ['order_id'], unique=False)
    op.create_table('inventory_bin',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('quantity >= 1', name='inventory_bin_holds_something'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('inventory_cart_task',
    sa.Column('task', sa.String(), nullable=False),
    sa.Column('cart', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('task')
    )
    op.create_index(op.f('ix_inventory_cart_task_cart'), 'inventory_cart_task', ['cart'], unique=False)
    op.create_table('inventory_case_cart',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kit', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('encounter', sa.String(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=False),
    sa.Column('plan', sa.String(), nullable=False),
    sa.Column('operation_at', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('closed_by', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('inventory_case_cart_by_encounter', 'inventory_case_cart', ['encounter'], unique=False)
    op.create_index('inventory_case_cart_by_state', 'inventory_case_cart', ['state', 'id'], unique=False)
    op.create_table('inventory_count',
    sa.Column('command', sa.String(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('lot', sa.String(), nullable=False),
    sa.Column('owner', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('command', 'seq')
    )
    op.create_index('inventory_count_by_balance', 'inventory_count', ['place', 'item', 'lot', 'owner', 'occurred_at'], unique=False)
    op.create_table('inventory_count_line',
    sa.Column('session_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('lot', sa.String(), nullable=False),
    sa.Column('owner', sa.String(), nullable=False),
    sa.Column('first_quantity', sa.BigInteger(), nullable=False),
    sa.Column('first_by', sa.String(), nullable=False),
    sa.Column('first_at', sa.BigInteger(), nullable=False),
    sa.Column('first_books', sa.BigInteger(), nullable=False),
    sa.Column('second_quantity', sa.BigInteger(), nullable=False),
    sa.Column('second_by', sa.String(), nullable=False),
    sa.Column('second_at', sa.BigInteger(), nullable=False),
    sa.Column('second_books', sa.BigInteger(), nullable=False),
    sa.Column('taken', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.CheckConstraint('first_quantity >= -1 AND second_quantity >= -1', name='inventory_count_line_quantities'),
    sa.PrimaryKeyConstraint('session_id', 'number')
    )
    op.create_table('inventory_count_session',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('is_blind', sa.Boolean(), nullable=False),
    sa.Column('tolerance_share', sa.Float(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('closed_by', sa.String(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('inventory_count_session_by_state', 'inventory_count_session', ['state', 'id'], unique=False)
    op.create_table('inventory_delivery',
    sa.Column('movement', sa.String(), nullable=False),
    sa.Column('order_id', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('movement')
    )
    op.create_index(op.f('ix_inventory_delivery_order_id'), 'inventory_delivery', ['order_id'], unique=False)
    op.create_table('inventory_delivery_difference',
    sa.Column('movement', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('ordered', sa.BigInteger(), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('movement', 'item')
    )
    op.create_table('inventory_entry',
    sa.Column('movement', sa.String(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('lot', sa.String(), nullable=False),
    sa.Column('owner', sa.String(), nullable=False),
    sa.Column('serial', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('quantity <> 0', name='inventory_entry_moves_something'),
    sa.PrimaryKeyConstraint('movement', 'seq'),
    sqlite_with_rowid=False
    )
    op.create_index('inventory_entry_by_item', 'inventory_entry', ['item', 'place', 'lot', 'owner', 'quantity'], unique=False)
    op.create_index('inventory_entry_by_owner', 'inventory_entry', ['owner', 'item'], unique=False, sqlite_where=sa.text("owner <> ''"), postgresql_where=sa.text("owner <> ''"))
    op.create_table('inventory_expected_use',
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('method', sa.String(), nullable=False),
    sa.Column('mean_per_day', sa.Float(), nullable=False),
    sa.Column('sd_per_day', sa.Float(), nullable=False),
    sa.Column('periods', sa.Integer(), nullable=False),
    sa.Column('censored', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('place', 'item')
    )
    op.create_table('inventory_inbound',
    sa.Column('task', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('task')
    )
    op.create_index('inventory_inbound_by_place', 'inventory_inbound', ['place', 'item'], unique=False)
    op.create_table('inventory_item',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('base_unit', sa.String(), nullable=False),
    sa.Column('tracking', sa.String(), nullable=False),
    sa.Column('is_expiry_tracked', sa.Boolean(), nullable=False),
    sa.Column('minimum_remaining_days', sa.Integer(), nullable=False),
    sa.Column('in_use_days', sa.Integer(), nullable=False),
    sa.Column('thawed_days', sa.Integer(), nullable=False),
    sa.Column('storage_class', sa.String(), nullable=False),
    sa.Column('criticality', sa.String(), nullable=False),
    sa.Column('value_class', sa.String(), nullable=False),
    sa.Column('controlled_schedule', sa.String(), nullable=False),
    sa.Column('unit_cost_minor', sa.BigInteger(), nullable=False),
    sa.Column('unit_volume_ml', sa.BigInteger(), nullable=False),
    sa.Column('owner_rule', sa.String(), nullable=False),
    sa.Column('is_reviewed', sa.Boolean(), nullable=False),
    sa.Column('merged_into', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('code')
    )
    op.create_index(op.f('ix_inventory_item_merged_into'), 'inventory_item', ['merged_into'], unique=False)
    op.create_table('inventory_kit',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('procedure', sa.String(), nullable=False),
    sa.Column('surgeon', sa.String(), nullable=False),
    sa.Column('emergency_at', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_inventory_kit_procedure'), 'inventory_kit', ['procedure'], unique=False)
    op.create_table('inventory_kit_line',
    sa.Column('kit', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('opened', sa.BigInteger(), nullable=False),
    sa.Column('held', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('opened >= 0 AND held >= 0', name='inventory_kit_line_not_negative'),
    sa.PrimaryKeyConstraint('kit', 'item')
    )
    op.create_table('inventory_lot',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('number_folded', sa.String(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('status_reason', sa.String(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('thawed_at', sa.BigInteger(), nullable=False),
    sa.Column('supplier', sa.String(), nullable=False),
    sa.Column('keyed_by', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('item', 'number_folded', 'expires_at', 'opened_at', 'thawed_at', name='inventory_lot_once_per_expiry')
    )
    op.create_table('inventory_merge',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('keep', sa.String(), nullable=False),
    sa.Column('dropped', sa.String(), nullable=False),
    sa.Column('merged_at', sa.BigInteger(), nullable=False),
    sa.Column('merged_by', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('undone_at', sa.BigInteger(), nullable=False),
    sa.Column('undone_by', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_inventory_merge_dropped'), 'inventory_merge', ['dropped'], unique=False)
    op.create_index(op.f('ix_inventory_merge_keep'), 'inventory_merge', ['keep'], unique=False)
    op.create_table('inventory_movement',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('command_hash', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('witness', sa.String(), nullable=False),
    sa.Column('task', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('encounter', sa.String(), nullable=False),
    sa.Column('reverses', sa.String(), nullable=False),
    sa.Column('flags', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('inventory_movement_by_recorded', 'inventory_movement', ['recorded_at', 'id'], unique=False)
    op.create_index('inventory_movement_by_task', 'inventory_movement', ['task'], unique=False, sqlite_where=sa.text("task <> ''"), postgresql_where=sa.text("task <> ''"))
    op.create_index('inventory_movement_reversed_once', 'inventory_movement', ['reverses'], unique=True, sqlite_where=sa.text("reverses <> ''"), postgresql_where=sa.text("reverses <> ''"))
    op.create_table('inventory_order',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('supplier', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('proposed_by', sa.String(), nullable=False),
    sa.Column('approved_by', sa.String(), nullable=False),
    sa.Column('proposed_at', sa.BigInteger(), nullable=False),
    sa.Column('approved_at', sa.BigInteger(), nullable=False),
    sa.Column('sent_at', sa.BigInteger(), nullable=False),
    sa.Column('is_bill_only', sa.Boolean(), nullable=False),
    sa.Column('closed_reason', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('inventory_order_by_state', 'inventory_order', ['state', 'id'], unique=False)
    op.create_table('inventory_order_line',
    sa.Column('order_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('packs', sa.BigInteger(), nullable=False),
    sa.Column('pack_quantity', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('supplier_code', sa.String(), nullable=False),
    sa.Column('received', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('order_id', 'number')
    )
    op.create_index('inventory_order_line_by_item', 'inventory_order_line', ['item'], unique=False)
    op.create_table('inventory_order_number',
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('year')
    )
    op.create_table('inventory_package',
    sa.Column('gtin', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('level', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('quantity >= 1', name='inventory_package_holds_something'),
    sa.PrimaryKeyConstraint('gtin')
    )
    op.create_index(op.f('ix_inventory_package_item'), 'inventory_package', ['item'], unique=False)
    op.create_table('inventory_par_change',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('par_before', sa.BigInteger(), nullable=False),
    sa.Column('point_before', sa.BigInteger(), nullable=False),
    sa.Column('par_after', sa.BigInteger(), nullable=False),
    sa.Column('point_after', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('undone_by', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('inventory_par_change_by_place', 'inventory_par_change', ['place', 'item', 'at'], unique=False)
    op.create_table('inventory_par_level',
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('par_level', sa.BigInteger(), nullable=False),
    sa.Column('reorder_point', sa.BigInteger(), nullable=False),
    sa.Column('pack_multiple', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('method', sa.String(), nullable=False),
    sa.Column('accepted_by', sa.String(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('place', 'item')
    )
    op.create_index(op.f('ix_inventory_par_level_item'), 'inventory_par_level', ['item'], unique=False)
    op.create_table('inventory_par_proposal',
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('par_level', sa.BigInteger(), nullable=False),
    sa.Column('reorder_point', sa.BigInteger(), nullable=False),
    sa.Column('current_par', sa.BigInteger(), nullable=False),
    sa.Column('current_point', sa.BigInteger(), nullable=False),
    sa.Column('decision', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('cycle_service', sa.Float(), nullable=False),
    sa.Column('fill_rate', sa.Float(), nullable=False),
    sa.Column('current_fill_rate', sa.Float(), nullable=False),
    sa.Column('target', sa.Float(), nullable=False),
    sa.Column('service', sa.String(), nullable=False),
    sa.Column('protection_days', sa.Float(), nullable=False),
    sa.Column('stock_cost_minor', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('place', 'item')
    )
    op.create_index('inventory_par_proposal_by_state', 'inventory_par_proposal', ['state', 'decision', 'place', 'item'], unique=False)
    op.create_table('inventory_place',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('storage_class', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('inventory_recall',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('lots', sa.String(), nullable=False),
    sa.Column('recall_class', sa.String(), nullable=False),
    sa.Column('notice', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_inventory_recall_item'), 'inventory_recall', ['item'], unique=False)
    op.create_table('inventory_reservation',
    sa.Column('task', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('lot', sa.String(), nullable=False),
    sa.Column('owner', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('quantity >= 1', name='inventory_reservation_of_something'),
    sa.PrimaryKeyConstraint('task', 'place', 'item', 'lot', 'owner')
    )
    op.create_table('inventory_serial',
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('serial', sa.String(), nullable=False),
    sa.Column('lot', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('epc', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('item', 'serial')
    )
    op.create_index(op.f('ix_inventory_serial_epc'), 'inventory_serial', ['epc'], unique=False)
    op.create_index(op.f('ix_inventory_serial_place'), 'inventory_serial', ['place'], unique=False)
    op.create_table('inventory_substitute',
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('stand_in', sa.String(), nullable=False),
    sa.Column('numerator', sa.Integer(), nullable=False),
    sa.Column('denominator', sa.Integer(), nullable=False),
    sa.Column('approved_by', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('item', 'stand_in')
    )
    op.create_table('inventory_supply',
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('supplier', sa.String(), nullable=False),
    sa.Column('supplier_code', sa.String(), nullable=False),
    sa.Column('pack_quantity', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('lead_days', sa.Integer(), nullable=False),
    sa.Column('is_preferred', sa.Boolean(), nullable=False),
    sa.CheckConstraint('pack_quantity >= 1', name='inventory_supply_sells_something'),
    sa.PrimaryKeyConstraint('item', 'supplier')
    )
    op.create_table('job',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('payload', sa.LargeBinary(), nullable=False),
    sa.Column('progress_share', sa.Float(), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('partial', sa.LargeBinary(), nullable=False),
    sa.Column('result_hash', sa.String(length=64), nullable=False),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_job_kind'), 'job', ['kind'], unique=False)
    op.create_index(op.f('ix_job_state'), 'job', ['state'], unique=False)
    op.create_table('job_result',
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('hash')
    )
    op.create_table('run_forecast',
    sa.Column('unit', sa.String(length=120), nullable=False),
    sa.Column('made_at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('target_at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('horizon_h', sa.Float(), nullable=False),
    sa.Column('present', sa.Integer(), nullable=False),
    sa.Column('model_mean', sa.Float(), nullable=False),
    sa.Column('model_variance', sa.Float(), nullable=False),
    sa.Column('chances', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('unit', 'made_at', 'target_at')
    )
    op.create_index(op.f('ix_run_forecast_target_at'), 'run_forecast', ['target_at'], unique=False)
    op.create_table('run_forecast_outcome',
    sa.Column('unit', sa.String(length=120), nullable=False),
    sa.Column('target_at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('came', sa.Integer(), nullable=False),
    sa.Column('noted_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('unit', 'target_at')
    )
    op.create_table('run_pathway',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('report', sa.Text(), nullable=False),
    sa.Column('kept_at', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'version')
    )
    op.create_index(op.f('ix_run_pathway_kept_at'), 'run_pathway', ['kept_at'], unique=False)
    op.create_table('run_run',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('scenario_id', sa.String(length=36), nullable=False),
    sa.Column('job_id', sa.String(length=36), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('seed', sa.BigInteger(), nullable=False),
    sa.Column('program_version', sa.String(length=40), nullable=False),
    sa.Column('input_hash', sa.String(length=64), nullable=False),
    sa.Column('input_body', sa.LargeBinary(), nullable=False),
    sa.Column('result_hash', sa.String(length=64), nullable=False),
    sa.Column('state_sequence', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_run_run_created_at'), 'run_run', ['created_at'], unique=False)
    op.create_index(op.f('ix_run_run_job_id'), 'run_run', ['job_id'], unique=False)
    op.create_index(op.f('ix_run_run_kind'), 'run_run', ['kind'], unique=False)
    op.create_index(op.f('ix_run_run_scenario_id'), 'run_run', ['scenario_id'], unique=False)
    op.create_table('run_scenario',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_run_scenario_updated_at'), 'run_scenario', ['updated_at'], unique=False)
    op.create_table('sample_rollups',
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('quantity', sa.Text(), nullable=False),
    sa.Column('width_s', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('start_at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('minimum', sa.Float(precision=53), nullable=False),
    sa.Column('maximum', sa.Float(precision=53), nullable=False),
    sa.Column('total', sa.Float(precision=53), nullable=False),
    sa.PrimaryKeyConstraint('device', 'quantity', 'width_s', 'start_at')
    )
    op.create_table('samples',
    sa.Column('sequence', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('quantity', sa.Text(), nullable=False),
    sa.Column('start_at', sa.BigInteger(), nullable=False),
    sa.Column('end_at', sa.BigInteger(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('source_key', sa.Text(), nullable=False),
    sa.Column('packed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('sequence'),
    sa.UniqueConstraint('source', 'source_key', name='uq_samples_source')
    )
    op.create_index('ix_samples_device', 'samples', ['device', 'quantity', 'start_at'], unique=False)
    op.create_index('ix_samples_end', 'samples', ['end_at'], unique=False)
    op.create_table('samples_counter',
    sa.Column('only', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('only'),
    comment='last sequence ever given: retention may empty the table of samples, and numbers are never used twice'
    )
    op.create_table('scheduling_case',
    sa.Column('day_at', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('theatre', sa.String(), nullable=False),
    sa.Column('surgeon', sa.String(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('planned_start_at', sa.BigInteger(), nullable=False),
    sa.Column('planned_minutes', sa.Integer(), nullable=False),
    sa.Column('is_emergency', sa.Boolean(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('day_at', 'id')
    )
    op.create_table('scheduling_leave_grant',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('staff', sa.String(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('half_days', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_scheduling_leave_grant_staff'), 'scheduling_leave_grant', ['staff'], unique=False)
    op.create_table('scheduling_leave_terms',
    sa.Column('contract', sa.String(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('half_days', sa.Integer(), nullable=False),
    sa.Column('carry_half_days', sa.Integer(), nullable=False),
    sa.Column('carry_month', sa.Integer(), nullable=False),
    sa.Column('carry_day', sa.Integer(), nullable=False),
    sa.Column('weekdays', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('contract', 'year')
    )
    op.create_table('scheduling_plan',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('draft', sa.Integer(), nullable=False),
    sa.Column('based_on', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('start_at', sa.BigInteger(), nullable=False),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=False),
    sa.Column('n_violations', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(), nullable=False),
    sa.Column('problem', sa.LargeBinary(), nullable=False),
    sa.Column('plan', sa.LargeBinary(), nullable=False),
    sa.Column('report', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('published_at', sa.BigInteger(), nullable=False),
    sa.Column('published_by', sa.String(), nullable=False),
    sa.Column('overrides', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_scheduling_plan_number'), 'scheduling_plan', ['number'], unique=False)
    op.create_index(op.f('ix_scheduling_plan_status'), 'scheduling_plan', ['status'], unique=False)
    op.create_table('scheduling_shift_request',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('staff', sa.String(), nullable=False),
    sa.Column('partner', sa.String(), nullable=False),
    sa.Column('from_at', sa.BigInteger(), nullable=False),
    sa.Column('to_at', sa.BigInteger(), nullable=False),
    sa.Column('partner_from_at', sa.BigInteger(), nullable=False),
    sa.Column('partner_to_at', sa.BigInteger(), nullable=False),
    sa.Column('shift', sa.String(), nullable=False),
    sa.Column('skill', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('answer', sa.String(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('decided_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('also_given', sa.String(), nullable=False),
    sa.Column('also_wanted', sa.String(), nullable=False),
    sa.Column('changes', sa.String(), nullable=False),
    sa.Column('allowance_reason', sa.String(), nullable=False),
    sa.Column('is_news_to_staff', sa.Boolean(), nullable=False),
    sa.Column('is_news_to_partner', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_scheduling_shift_request_partner'), 'scheduling_shift_request', ['partner'], unique=False)
    op.create_index(op.f('ix_scheduling_shift_request_staff'), 'scheduling_shift_request', ['staff'], unique=False)
    op.create_index(op.f('ix_scheduling_shift_request_status'), 'scheduling_shift_request', ['status'], unique=False)
    op.create_table('scheduling_task',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('is_open', sa.Boolean(), nullable=False),
    sa.Column('dedupe_key', sa.String(), nullable=False),
    sa.Column('subject_id', sa.String(), nullable=False),
    sa.Column('from_place', sa.String(), nullable=False),
    sa.Column('to_place', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('picked', sa.BigInteger(), nullable=False),
    sa.Column('delivered', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('assignee', sa.String(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('blocked_reason', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('scheduling_task_of_assignee', 'scheduling_task', ['assignee'], unique=False, sqlite_where=sa.text('is_open'), postgresql_where=sa.text('is_open'))
    op.create_index('scheduling_task_open_once', 'scheduling_task', ['dedupe_key'], unique=True, sqlite_where=sa.text("is_open AND dedupe_key <> ''"), postgresql_where=sa.text("is_open AND dedupe_key <> ''"))
    op.create_table('scheduling_task_transition',
    sa.Column('task', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('from_status', sa.String(), nullable=False),
    sa.Column('to_status', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('command_id', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('task', 'version')
    )
    op.create_index(op.f('ix_scheduling_task_transition_command_id'), 'scheduling_task_transition', ['command_id'], unique=False)
    op.create_table('server_watch',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_server_watch_kind'), 'server_watch', ['kind'], unique=False)
    op.create_index(op.f('ix_server_watch_subject'), 'server_watch', ['subject'], unique=False)
    op.create_table('state_snapshots',
    sa.Column('sequence', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('taken_at', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('sequence')
    )
    op.create_table('subscriptions',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('unhandled',
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('handler', sa.Text(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('first_failed_at', sa.BigInteger(), nullable=False),
    sa.Column('retry_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('event_id', 'handler')
    )
    op.create_index(op.f('ix_unhandled_retry_at'), 'unhandled', ['retry_at'], unique=False)
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS inventory_entry_no_update BEFORE UPDATE ON inventory_entry BEGIN SELECT RAISE(ABORT, 'the stock ledger is append-only: record a reversal instead'); END")
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS inventory_entry_no_delete BEFORE DELETE ON inventory_entry BEGIN SELECT RAISE(ABORT, 'the stock ledger is append-only: record a reversal instead'); END")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql("CREATE OR REPLACE FUNCTION inventory_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the stock ledger is append-only: record a reversal instead'; END $$")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql('CREATE OR REPLACE TRIGGER inventory_entry_append_only BEFORE UPDATE OR DELETE ON inventory_entry FOR EACH ROW EXECUTE FUNCTION inventory_refuse_change()')
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql('CREATE OR REPLACE TRIGGER inventory_entry_no_truncate BEFORE TRUNCATE ON inventory_entry FOR EACH STATEMENT EXECUTE FUNCTION inventory_refuse_change()')
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS inventory_movement_no_update BEFORE UPDATE ON inventory_movement BEGIN SELECT RAISE(ABORT, 'the stock ledger is append-only: record a reversal instead'); END")
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS inventory_movement_no_delete BEFORE DELETE ON inventory_movement BEGIN SELECT RAISE(ABORT, 'the stock ledger is append-only: record a reversal instead'); END")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql("CREATE OR REPLACE FUNCTION inventory_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the stock ledger is append-only: record a reversal instead'; END $$")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql('CREATE OR REPLACE TRIGGER inventory_movement_append_only BEFORE UPDATE OR DELETE ON inventory_movement FOR EACH ROW EXECUTE FUNCTION inventory_refuse_change()')
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql('CREATE OR REPLACE TRIGGER inventory_movement_no_truncate BEFORE TRUNCATE ON inventory_movement FOR EACH STATEMENT EXECUTE FUNCTION inventory_refuse_change()')
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END")
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS events_no_delete BEFORE DELETE ON events WHEN NOT EXISTS (SELECT 1 FROM events_pruning WHERE up_to >= OLD.sequence) BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql("CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM events_pruning WHERE up_to >= OLD.sequence) THEN RETURN OLD; END IF; RAISE EXCEPTION 'the ledger is append-only'; END $$")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql('CREATE OR REPLACE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_append_only()')
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql('CREATE OR REPLACE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()')
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS access_audit_no_update BEFORE UPDATE ON access_audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END")
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("CREATE TRIGGER IF NOT EXISTS access_audit_no_delete BEFORE DELETE ON access_audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql("CREATE OR REPLACE FUNCTION access_audit_refuse() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''the audit is append-only''; END' LANGUAGE plpgsql")
    if bind.dialect.name == "postgresql":
        bind.exec_driver_sql('CREATE OR REPLACE TRIGGER access_audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON access_audit FOR EACH STATEMENT EXECUTE FUNCTION access_audit_refuse()')
