# Stands for Vagrant: loads a Vagrantfile and prints as JSON what it asks for.
require "json"

class Recorder
  def initialize(into) = @into = into

  def vm = self

  def network(kind, **options) = (@into["networks"] ||= []) << [kind, options]

  def provision(kind, **options) = (@into["provisions"] ||= []) << options

  def synced_folder(*) = nil

  def provider(name)
    yield Recorder.new((@into["providers"] ||= {})[name] = {})
  end

  def define(name)
    yield Recorder.new((@into["machines"] ||= {})[name] = {})
  end

  def method_missing(name, value)
    @into[name.to_s.delete_suffix("=")] = value
  end

  def respond_to_missing?(*) = true
end

module Vagrant
  def self.configure(_version)
    asked = {}
    yield Recorder.new(asked)
    puts JSON.generate(asked)
  end
end

load ARGV.first
