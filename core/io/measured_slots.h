// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/data/dataset.h"
#include "core/io/h5ad_writer.h"

namespace txfm::io {

/// Which genes a merged data set measured where, as slots of an .h5ad that other programs carry along when they select
/// cells or genes: varm['txfm_measured'] [genes × sets], 1 = measured, and obs['txfm_measured_set'], the column of it that
/// belongs to a cell. Nothing is added when every gene was measured in every cell.
void addMeasuredSlots(const Dataset& dataset, H5adAdditions& additions);

/// The reverse, on a data set as read: the slots leave obs and varm and become Dataset::measured and sourceOfCell. Slots that
/// do not fit each other are left where they are, with a note.
void takeMeasuredSlots(Dataset& dataset);

}  // namespace txfm::io
