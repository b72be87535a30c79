// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/workflow/workflow.h"

namespace txfm::workflow {

// One maker per command, each defined in the file of its command.

std::unique_ptr<Workflow> makeInfo();
std::unique_ptr<Workflow> makeConvert();
std::unique_ptr<Workflow> makeQc();
std::unique_ptr<Workflow> makeInit();
std::unique_ptr<Workflow> makePretrain();
std::unique_ptr<Workflow> makeFinetune();
std::unique_ptr<Workflow> makeEmbed();
std::unique_ptr<Workflow> makeReconstruct();
std::unique_ptr<Workflow> makeProject();
std::unique_ptr<Workflow> makeCluster();
std::unique_ptr<Workflow> makeGeneNeighbors();
std::unique_ptr<Workflow> makeGeneMap();
std::unique_ptr<Workflow> makeGenePca();
std::unique_ptr<Workflow> makeGeneRecall();
std::unique_ptr<Workflow> makeGeneEnrich();
std::unique_ptr<Workflow> makeMarkers();
std::unique_ptr<Workflow> makeEvaluateCellTypes();

}  // namespace txfm::workflow
