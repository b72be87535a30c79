// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/workflow/workflow.h"

namespace txfm::workflow {

// One maker per command, each defined in the file of its command.

std::unique_ptr<Workflow> makeInfo();
std::unique_ptr<Workflow> makeConvert();
std::unique_ptr<Workflow> makeQc();
std::unique_ptr<Workflow> makePretrain();
std::unique_ptr<Workflow> makeFinetune();
std::unique_ptr<Workflow> makeProject();
std::unique_ptr<Workflow> makeCluster();

}  // namespace txfm::workflow
